exports = async (user) => {
  const people = context.services.get("mongodb-atlas").db("endpoints").collection("people");
  await people.insertOne({ user_id: user.id, level: 7 });
};
