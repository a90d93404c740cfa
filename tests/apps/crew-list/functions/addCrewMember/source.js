exports = async function(email) {
  const collection = context.services.get("mongodb-atlas").db("crew").collection("User");
  const newMember = await collection.findOne({ name: email });
  const callingUser = context.user;

  if (newMember == null) {
    return { error: `User ${email} not found` };
  }
  if (newMember._id === callingUser.id) {
    return { error: "You are on your own crew already!" };
  }
  try {
    return await collection.updateOne({ _id: callingUser.id }, { $addToSet: { crew: newMember._id } });
  } catch (error) {
    return { error: error.toString() };
  }
};
