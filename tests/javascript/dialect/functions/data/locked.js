const notes = () => context.services.get("mongodb-atlas").db("shop").collection("overlap");

exports = async () => {
  // Somebody else holds the first document, until they see the second.
  const [first, second] = await Promise.all([
    notes().updateOne({ _id: "locked" }, { $set: { mine: true } }),
    notes().insertOne({ _id: "not locked" }),
  ]);
  return { modified: first.modifiedCount, insertedId: second.insertedId };
};
