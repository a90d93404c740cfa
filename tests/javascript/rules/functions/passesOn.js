exports = async (user) => context.functions.execute("notesAs", user);
