if (typeof module !== "undefined") {
  // For unit tests on Node.
  global.context = {};
  module.exports = (a, b) => a + b;
}

exports = (a, b) => a + b;
