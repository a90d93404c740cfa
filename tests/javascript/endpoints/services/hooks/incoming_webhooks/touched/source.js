exports = (payload, response) => {
  response.setStatusCode(202);
  return "not this";
};
