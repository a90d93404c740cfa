exports = async function (a, b = 10, { c = 100, ...rest } = {}) {
  return { a, b, c, rest };
};
