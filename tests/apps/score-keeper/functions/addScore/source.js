exports = function(game, player, points) {
  var games = context.services.get("mongodb-atlas").db("scores").collection("games");
  if (points > context.values.get("maxPoints")) {
    throw new Error("too many points: " + points);
  }
  return games.insertOne({ game: game, player: player, points: points, by: context.user.id })
    .then(result => {
      return { saved: true, id: result.insertedId.toString().length };
    });
};
