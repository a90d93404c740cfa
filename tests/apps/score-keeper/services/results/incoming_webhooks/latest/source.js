exports = function(payload) {
  return context.functions.execute("leaderboard", payload.query.game);
};
