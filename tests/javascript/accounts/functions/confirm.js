// Answers as the e-mail address says, and keeps what it was given, as an app that sends its own e-mails would.
exports = async function (account) {
  const calls = context.services.get("mongodb-atlas").db("accounts").collection("confirmations");
  await calls.insertOne({ ...account, arguments: arguments.length, system: context.runningAsSystem() });
  const [word] = account.username.split("-");
  if (word === "throws") throw new Error("no mail today");
  if (word === "mute") return;
  return { status: { yes: "success", no: "fail", odd: 1 }[word] ?? "pending" };
};
