// Changes the caller's nickname. The function runs as its caller: it reaches the caller's own document and no other.
exports = async function (nickname) {
  if (typeof nickname !== "string" || nickname.length === 0 || nickname.length > 40) {
    throw new Error("a nickname has 1 to 40 characters");
  }
  const customData = context.services.get("mongodb-atlas").db("app").collection("custom_data");
  const { matchedCount } = await customData.updateOne({ user_id: context.user.id }, { $set: { nickname } });
  return matchedCount === 1;
};
