exports = async function (payload) {
  const inside = context.functions.execute("count", payload);
  const apart = await context.functions.execute("countSystem", payload);
  return { outer: arguments.length, inside, apart };
};
