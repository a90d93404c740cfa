exports = function () {
  // The secret itself never leaves the function.
  var key = context.values.get("apiKey");
  return key === undefined ? -1 : key.length;
};
