exports = async function (title, body) {
  // The target is synchronous, and so is the answer.
  const slug = context.functions.execute("utils/slug", title);
  const notes = context.services.get("mongodb-atlas").db("field").collection("notes");
  const result = await notes.updateOne(
    { slug: slug, owner: context.user.id },
    { $set: { title: title, body: body }, $inc: { revisions: 1 } },
    { upsert: true }
  );
  return { slug: slug, created: result.upsertedId !== undefined };
};
