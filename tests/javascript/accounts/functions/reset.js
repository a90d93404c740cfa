// Answers with the status that the first argument names.
exports = async function (account, status, ...more) {
  const calls = context.services.get("mongodb-atlas").db("accounts").collection("resets");
  await calls.insertOne({ ...account, status, more, system: context.runningAsSystem() });
  if (status === "throw") throw new Error("no reset today");
  return { status };
};
