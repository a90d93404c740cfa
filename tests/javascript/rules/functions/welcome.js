exports = async function (user) {
  await context.services.get("mongodb-atlas").db("main").collection("people").insertOne({ user_id: user.id, role: "customer" });
};
