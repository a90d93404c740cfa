exports = function (name) {
  const crypto = require("crypto");
  return crypto.createHash("sha256").update(name).digest("hex").slice(0, 12);
};
