exports = async function (a, b) {
  return a + b;
};
