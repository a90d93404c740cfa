exports = function (a, b) {
  return a + b;
};

if (typeof module === "object") {
  module.exports = exports;
}
