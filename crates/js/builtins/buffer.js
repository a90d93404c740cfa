const buffer = require("buffer/");

module.exports = {
  ...buffer,
  constants: { MAX_LENGTH: buffer.kMaxLength, MAX_STRING_LENGTH: buffer.kMaxLength },
  get Blob() { return globalThis.Blob; },
  get atob() { return globalThis.atob; },
  get btoa() { return globalThis.btoa; },
};

// Node knows this encoding since version 15.7; packages that sign tokens ask for it.
const { Buffer } = buffer;
const url = (text) => text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const isUrl = (encoding) => typeof encoding === "string" && encoding.toLowerCase() === "base64url";
const { from, isEncoding, byteLength } = Buffer;
const { toString, write } = Buffer.prototype;
Buffer.from = function (value, encoding, length) {
  return from(value, isUrl(encoding) ? "base64" : encoding, length);
};
Buffer.isEncoding = (encoding) => isUrl(encoding) || isEncoding(encoding);
Buffer.byteLength = (value, encoding) => byteLength(value, isUrl(encoding) ? "base64" : encoding);
Buffer.prototype.toString = function (encoding, start, end) {
  if (!isUrl(encoding)) return toString.apply(this, arguments);
  return url(toString.call(this, "base64", start, end));
};
Buffer.prototype.write = function (...given) {
  return write.apply(this, given.map((one) => (isUrl(one) ? "base64" : one)));
};
