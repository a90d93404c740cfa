// A live handle goes to the caller.
exports = function (name) {
  return context.services.get("mongodb-atlas").db("swap").collection(name);
};
