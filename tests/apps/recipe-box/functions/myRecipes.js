exports = async function () {
  const collection = context.services.get("mongodb-atlas").db("recipes").collection("recipes");
  // The cursor itself is the answer.
  return collection.find({ owner: context.user.id }, { _id: 0, title: 1, minutes: 1 }).sort({ title: 1 });
};
