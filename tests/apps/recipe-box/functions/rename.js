// Runs as the caller: custom data is all that it reaches, and of that the caller's own document.
exports = async (name) => {
  const cooks = context.services.get("mongodb-atlas").db("recipes").collection("cooks");
  const { matchedCount, modifiedCount } = await cooks.updateOne({ user_id: context.user.id }, { $set: { name } });
  const cook = await cooks.findOne({ user_id: context.user.id });
  return { matchedCount, modifiedCount, name: cook.name };
};
