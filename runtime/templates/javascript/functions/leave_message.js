// Keeps a message for everybody. The function runs as the system: usher.json hands it the collection "messages".
exports = async function (text) {
  if (typeof text !== "string" || text.length > 1000) {
    throw new Error("a message has at most 1000 characters");
  }
  const messages = context.services.get("mongodb-atlas").db("app").collection("messages");
  await messages.insertOne({ from: context.user.id, text, at: new Date() });
  const count = await messages.count({});
  console.log(`message ${count}`);
  return count;
};
