exports = async (a, b) => {
  return a + b;
}
