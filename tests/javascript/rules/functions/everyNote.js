exports = async function () {
  return (await context.functions.execute("notesOf", {})).length;
};
