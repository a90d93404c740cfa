exports = function(game) {
  const games = context.services.get("mongodb-atlas").db("scores").collection("games");
  return games.aggregate([
    { $match: { game: game } },
    { $group: { _id: "$player", total: { $sum: "$points" } } },
    { $sort: { total: -1, _id: 1 } }
  ]).toArray();
};
