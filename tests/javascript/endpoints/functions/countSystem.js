exports = function () {
  return arguments.length;
};
