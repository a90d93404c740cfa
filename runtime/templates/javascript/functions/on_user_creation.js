// Runs when a user is about to be created: makes the custom data, or refuses the user by throwing.
exports = async function (user) {
  const customData = context.services.get("mongodb-atlas").db("app").collection("custom_data");
  const email = user.data.email ?? null;
  if (email?.endsWith("@blocked.example")) {
    throw new Error("addresses at blocked.example cannot register");
  }
  await customData.insertOne({ user_id: user.id, email, nickname: null, created_at: new Date() });
};
