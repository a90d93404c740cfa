// The caller's custom data as it is now; the access token holds it as it was at login.
exports = async function () {
  const customData = context.services.get("mongodb-atlas").db("app").collection("custom_data");
  return customData.findOne({ user_id: context.user.id }, { _id: 0, user_id: 0 });
};
