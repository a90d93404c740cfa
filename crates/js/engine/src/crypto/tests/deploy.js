// What would be the same in all calls if it were drawn once at deploy has to ask for a call.
(function (require, keys) {
  const crypto = require("crypto");
  const draws = {
    "utils.crypto.encrypt": () => utils.crypto.encrypt("aes", "x", "0123456789abcdef"),
    "utils.crypto.sign": () => utils.crypto.sign("rsa", "x", keys.rsaPkcs8),
    "utils.jwt.encode": () => utils.jwt.encode("ES256", {}, keys.p256Pkcs8),
    "utils.jwt.decode": () => utils.jwt.decode(utils.jwt.encode("HS256", { exp: 9e9 }, "x"), "x"),
    "crypto.randomUUID": () => globalThis.crypto.randomUUID(),
    "crypto.getRandomValues": () => globalThis.crypto.getRandomValues(new Uint8Array(1)),
    randomBytes: () => crypto.randomBytes(1),
    randomInt: () => crypto.randomInt(9),
    randomUUID: () => crypto.randomUUID(),
    createSign: () => crypto.createSign("sha256").update("x").sign(keys.p256Pkcs8),
  };
  const others = {
    "utils.crypto.hash": () => utils.crypto.hash("md5", "x"),
    "utils.jwt.encode": () => utils.jwt.encode("HS256", {}, "x"),
    createHash: () => crypto.createHash("md5").update("x").digest(),
    createPrivateKey: () => crypto.createPrivateKey(keys.rsaPkcs8),
  };
  for (const deploying of [true, false]) {
    globalThis.deploying = deploying;
    for (const [name, draw] of [...Object.entries(draws), ...Object.entries(others)]) {
      let refused = false;
      try {
        draw();
      } catch (error) {
        if (error.message !== "in a call only") throw error;
        refused = true;
      }
      if (refused !== (deploying && draws[name] === draw)) throw new Error(`${name}, deploying: ${deploying}`);
    }
  }
})
