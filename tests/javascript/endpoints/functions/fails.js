exports = ({ query }, response) => {
  response.setStatusCode(418);
  if (query.how === "reference") return missing;
  throw new Error("not today");
};
