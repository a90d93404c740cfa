const { parse, stringify } = require("querystring-es3");

// An empty text has no fields, and every value is text: as Node has it.
module.exports = {
  parse: (text, ...rest) => (typeof text === "string" && text ? parse(text, ...rest) : {}),
  stringify: (value, ...rest) => (value && typeof value === "object" ? stringify(value, ...rest) : ""),
  escape: encodeURIComponent,
  unescape(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return unescape(text);
    }
  },
};
module.exports.decode = module.exports.parse;
module.exports.encode = module.exports.stringify;
