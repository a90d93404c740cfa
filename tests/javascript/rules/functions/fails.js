exports = function (text) {
  console.warn("about to fail");
  throw new Error(text);
};
