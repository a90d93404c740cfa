// Hashes and message authentication codes. Pieces are kept, and hashed at once in the end.
const { Buffer, fail, natives, output, toBytes } = require("./common");
const { secretBytes } = require("./key");

const hashes = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

class Digest {
  #pieces = [];
  #compute;
  #done = false;
  constructor(compute, pieces = []) {
    this.#compute = compute;
    this.#pieces = pieces;
  }
  update(data, encoding) {
    if (this.#done) throw finalized();
    // A copy: the caller may reuse its buffer.
    this.#pieces.push(Buffer.from(toBytes(data, encoding, "data")));
    return this;
  }
  digest(encoding) {
    if (this.#done) throw finalized();
    this.#done = true;
    return output(this.#compute(Buffer.concat(this.#pieces)), encoding);
  }
  /** As a stream that is written to: the digest can be read when it is ended. */
  write(data, encoding) {
    this.update(data, encoding);
    return true;
  }
  end(data, encoding) {
    if (data !== undefined && data !== null) this.update(data, encoding);
  }
  read() {
    return this.#done ? null : this.digest();
  }
  pieces() {
    if (this.#done) throw finalized();
    return this.#pieces.slice();
  }
}

function finalized() {
  return fail(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
}

class Hash extends Digest {
  #name;
  constructor(name, pieces) {
    // An unknown name throws here and not in the end.
    natives.digest(String(name), new Uint8Array(0));
    super((data) => natives.digest(name, data), pieces);
    this.#name = name;
  }
  copy() {
    return new Hash(this.#name, this.pieces());
  }
}

class Hmac extends Digest {
  constructor(name, key) {
    const secret = Buffer.from(secretBytes(key));
    natives.hmac(String(name), secret, new Uint8Array(0));
    super((data) => natives.hmac(name, secret, data));
  }
}

module.exports = {
  Hash,
  Hmac,
  createHash: (name) => new Hash(name),
  createHmac: (name, key) => new Hmac(name, key),
  getHashes: () => [...hashes, ...hashes.map((name) => `RSA-${name.toUpperCase()}`)],
  hash: (name, data, encoding = "hex") => output(natives.digest(name, toBytes(data, "utf8", "data")), encoding),
};
