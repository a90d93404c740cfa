exports = async function(game) {
  const games = context.services.get("mongodb-atlas").db("scores").collection("games");
  const cursor = await games.find({ game: game }, { _id: 0, player: 1, points: 1 }).sort({ points: -1 }).limit(1);
  const [best] = await cursor.toArray();
  return best;
};
