exports = async function () {
  const members = context.services.get("Cluster0").db("club").collection("members");
  const me = await members.findOne({ _id: context.user.id }, { _id: 0 });
  const names = await members.distinct("name", { _id: context.user.id });
  return { members: await members.count({ _id: context.user.id }), me: me, names: names };
};
