exports = async function(game) {
  const games = context.services.get("mongodb-atlas").db("scores").collection("games");
  const { deletedCount } = await games.deleteMany({ game });
  return deletedCount;
};
