// What runs beside every hostile call: it reads and writes, and has to go on working.
exports = async function () {
  const mine = context.services.get("mongodb-atlas").db("e2e").collection("custom_data");
  await mine.updateOne({ user_id: context.user.id }, { $inc: { visits: 1 } }, { upsert: true });
  return (await mine.findOne({ user_id: context.user.id })).visits > 0;
};
