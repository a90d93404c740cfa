// Keys from passwords.
const { fail, integer, later, natives, output, toBytes } = require("./common");

const MOST = 2 ** 31 - 1;
// Node's own limit of the memory that scrypt may take, which `maxmem` changes.
const SCRYPT_MEMORY = 32 * 1024 * 1024;

function pbkdf2Sync(password, salt, iterations, length, hash) {
  if (typeof hash !== "string") {
    const message = `The "digest" argument must be of type string. Received ${typeof hash}`;
    throw fail(TypeError, "ERR_INVALID_ARG_TYPE", message);
  }
  const parts = [toBytes(password, "utf8", "password"), toBytes(salt, "utf8", "salt")];
  integer(iterations, "iterations", 1, MOST);
  integer(length, "keylen", 0, MOST);
  return output(natives.pbkdf2(hash, ...parts, iterations, length));
}

function scryptSync(password, salt, length, options = {}) {
  const parts = [toBytes(password, "utf8", "password"), toBytes(salt, "utf8", "salt")];
  integer(length, "keylen", 0, MOST);
  const n = options.N ?? options.cost ?? 16384;
  const r = integer(options.r ?? options.blockSize ?? 8, "r", 1, MOST);
  const p = integer(options.p ?? options.parallelization ?? 1, "p", 1, MOST);
  const log = Math.log2(integer(n, "N", 2, MOST));
  if (!Number.isInteger(log) || 128 * n * r > (options.maxmem ?? SCRYPT_MEMORY)) {
    const message = "Invalid scrypt params: N is no power of two, or the memory limit is exceeded";
    throw fail(RangeError, "ERR_CRYPTO_INVALID_SCRYPT_PARAMS", message);
  }
  return output(natives.scrypt(...parts, log, r, p, length));
}

module.exports = {
  pbkdf2Sync,
  pbkdf2: (password, salt, iterations, length, hash, callback) =>
    later(callback, () => pbkdf2Sync(password, salt, iterations, length, hash)),
  scryptSync,
  scrypt: (password, salt, length, options, callback) =>
    later(callback ?? options, () => scryptSync(password, salt, length, callback ? options : {})),
};
