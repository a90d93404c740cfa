exports = async function (team) {
  const invitations = context.services.get("mongodb-atlas").db("main").collection("invitations");
  return (await invitations.count({ team, user: context.user.id })) > 0;
};
