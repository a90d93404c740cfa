const util = require("util/");

module.exports = {
  ...util,
  get TextEncoder() { return globalThis.TextEncoder; },
  get TextDecoder() { return globalThis.TextDecoder; },
  isDeepStrictEqual(one, other) {
    try {
      require("assert").deepStrictEqual(one, other);
      return true;
    } catch {
      return false;
    }
  },
  stripVTControlCharacters: (text) => String(text).replace(/\u001b\[[0-9;]*[A-Za-z]/g, ""),
  toUSVString: (text) => String(text).toWellFormed(),
};
