// For tests only: nobody would let users choose their role.
exports = async function (role) {
  const people = context.services.get("mongodb-atlas").db("main").collection("people");
  await people.updateOne({ user_id: context.user.id }, { $set: { role } });
};
