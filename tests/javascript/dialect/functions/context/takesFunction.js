exports = (callback) => {
  callback(21);
};
