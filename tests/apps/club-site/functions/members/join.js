exports = async function (name) {
  const mongodb = context.services.get("Cluster0");
  const members = mongodb.db("club").collection("members");
  // Nobody waits for this write, and it happens all the same.
  members.updateOne({ _id: context.user.id }, { $set: { name: name }, $setOnInsert: { since: 2024 } }, { upsert: true });
  return "Welcome, " + name + "!";
};
