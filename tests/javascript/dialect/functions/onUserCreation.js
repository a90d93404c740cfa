exports = async function (user) {
  const people = context.services.get("mongodb-atlas").db("dialect").collection("people");
  await people.insertOne({ user_id: user.id, level: 1, born: new Date(0) });
};
