const url = require("url/");
const punycode = require("punycode");

module.exports = {
  ...url,
  get URL() { return globalThis.URL; },
  get URLSearchParams() { return globalThis.URLSearchParams; },
  domainToASCII: (domain) => punycode.toASCII(domain),
  domainToUnicode: (domain) => punycode.toUnicode(domain),
  fileURLToPath: (file) => decodeURIComponent(String(file.href || file).replace(/^file:\/\//, "")),
  pathToFileURL: (path) => new globalThis.URL("file://" + encodeURI(path)),
};
