exports = function() {
  return typeof total;
};
