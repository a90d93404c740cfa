// The provider custom-function: the payload itself says what this answers.
exports = async function (payload) {
  if (payload.password === "wrong") throw new Error("Authentication failed");
  if (payload.show === "payload") return EJSON.stringify(payload);
  if (payload.show === "context") return `${context.user.type} ${context.runningAsSystem()}`;
  if ("returns" in payload) return payload.returns;
  return { id: payload.username, name: payload.name };
};
