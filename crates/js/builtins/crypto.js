// Node's `crypto`, as far as the sandbox has the means: hashes, MACs, AES, keys from passwords, RSA and ECDSA signatures,
// random numbers. The primitives are the engine's own (crates/js/engine/src/crypto).
const cipher = require("./crypto/cipher");
const hash = require("./crypto/hash");
const key = require("./crypto/key");
const password = require("./crypto/password");
const random = require("./crypto/random");
const sign = require("./crypto/sign");
const { fail, natives, toBytes } = require("./crypto/common");

function timingSafeEqual(a, b) {
  const [left, right] = [toBytes(a, undefined, "buf1"), toBytes(b, undefined, "buf2")];
  if (left.length !== right.length) {
    throw fail(RangeError, "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
  }
  return natives.equal(left, right);
}

module.exports = {
  ...cipher, ...hash, ...key, ...password, ...random, ...sign,
  timingSafeEqual,
  getCurves: () => ["prime256v1", "secp384r1", "secp521r1"],
  getFips: () => 0,
  webcrypto: { getRandomValues: random.getRandomValues, randomUUID: random.randomUUID },
};

// What the sandbox does not have says so when it is used, and not when it is merely there.
const missing = [
  "createDiffieHellman", "createDiffieHellmanGroup", "createECDH", "diffieHellman", "getDiffieHellman",
  "generateKey", "generateKeySync", "generateKeyPair", "generateKeyPairSync", "generatePrime", "generatePrimeSync",
  "hkdf", "hkdfSync", "publicEncrypt", "publicDecrypt", "privateEncrypt", "privateDecrypt",
];
for (const name of missing) {
  module.exports[name] = () => {
    throw fail(Error, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", `crypto.${name} is not available in functions`);
  };
}
