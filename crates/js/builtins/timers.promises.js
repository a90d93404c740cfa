module.exports = {
  setTimeout: (milliseconds, value) => new Promise((done) => setTimeout(done, milliseconds, value)),
  setImmediate: (value) => new Promise((done) => setTimeout(done, 0, value)),
};
