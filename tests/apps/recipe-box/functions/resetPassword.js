/*
  Called when a user asks for a new password. Nobody can be reached yet, so every request fails.
*/
exports = ({ token, tokenId, username, password }) => {
  return { status: 'fail' };
};
