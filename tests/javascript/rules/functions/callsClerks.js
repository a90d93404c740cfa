exports = async () => context.functions.execute("onlyClerks");
