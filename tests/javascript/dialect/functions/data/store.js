exports = async (value) => {
  const many = context.services.get("mongodb-atlas").db("shop").collection("many");
  const { insertedId } = await many.insertOne({ value });
  return (await many.findOneAndDelete({ _id: insertedId })).value;
};
