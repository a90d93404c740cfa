exports = async function(nickname) {
  const users = context.services.get("mongodb-atlas").db("crew").collection("User");
  return users.findOneAndUpdate(
    { _id: context.user.id },
    { $set: { nickname: nickname } },
    { returnNewDocument: true, projection: { _id: 0, nickname: 1 } }
  );
};
