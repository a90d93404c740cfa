exports = async function (user) {
  const people = context.services.get("mongodb-atlas").db("accounts").collection("people");
  await people.insertOne({ user_id: user.id, type: user.type, made: user.identities.map((one) => one.provider_type) });
};
