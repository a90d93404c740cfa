exports = async function () {
  const notes = await context.functions.execute("notesOf", {});
  return { user: context.user.id, system: context.runningAsSystem(), notes: notes.map((note) => note._id) };
};
