exports = async function() {
  const collection = context.services.get("mongodb-atlas").db("crew").collection("User");
  const me = await collection.findOne({ _id: context.user.id });
  const crew = await collection.find({ _id: { $in: me.crew } }).sort({ name: 1 }).toArray();
  return crew.map(({ name, nickname }) => ({ name, nickname }));
};
