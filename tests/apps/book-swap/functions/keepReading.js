// The caller's own custom data, made on the first call.
exports = async function (page) {
  const readers = context.services.get("mongodb-atlas").db("swap").collection("readers");
  await readers.updateOne({ userId: context.user.id }, { $set: { page: page } }, { upsert: true });
  const { page: kept } = await readers.findOne({ userId: context.user.id });
  return kept;
};
