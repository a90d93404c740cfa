exports = async function() {
  const users = context.services.get("mongodb-atlas").db("crew").collection("User");
  // Without a filter: there is one document that the caller can see.
  const all = await users.find({}).toArray();
  return { visible: all.length, document: all[0] };
};
