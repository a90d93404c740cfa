exports = async function () {
  const { perUser } = context.values.get("note limits");
  const notes = context.services.get("mongodb-atlas").db("field").collection("notes");
  const mine = await notes
    .find({ owner: context.user.id }, { _id: 0, slug: 1, revisions: 1 })
    .sort({ slug: 1 })
    .limit(perUser)
    .toArray();
  return { greeting: context.values.get("greeting"), notes: mine };
};
