exports = function () {
  const list = [1, 2;
  return list;
};
