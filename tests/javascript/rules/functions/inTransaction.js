exports = async function (first, second) {
  const client = context.services.get("mongodb-atlas");
  const notes = client.db("main").collection("notes");
  const session = client.startSession();
  try {
    return await session.withTransaction(async () => {
      await notes.insertOne(first, { session });
      await notes.insertOne(second, { session });
      return "both";
    });
  } finally {
    await session.endSession();
  }
};
