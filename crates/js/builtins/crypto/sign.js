// Signatures with RSA and ECDSA.
const { Buffer, fail, natives, output, toBytes } = require("./common");
const { pem } = require("./key");

const constants = {
  RSA_PKCS1_PADDING: 1,
  RSA_NO_PADDING: 3,
  RSA_PKCS1_OAEP_PADDING: 4,
  RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  defaultCoreCipherList: "",
};

/** The scheme that fits a key, and for PSS the length of the salt; without one, the engine chooses. */
function scheme(bytes, key, hash, signing) {
  const facts = natives.describeKey(bytes);
  if (facts.type === "ec") return { name: key?.dsaEncoding === "ieee-p1363" ? "ecdsa" : "ecdsa-der" };
  const padding = key?.padding ?? constants.RSA_PKCS1_PADDING;
  if (padding === constants.RSA_PKCS1_PADDING) return { name: "pkcs1v15" };
  if (padding !== constants.RSA_PKCS1_PSS_PADDING) {
    throw fail(TypeError, "ERR_INVALID_ARG_VALUE", `signatures have PKCS #1 or PSS padding, not padding ${padding}`);
  }
  const hashLength = natives.digest(hash, new Uint8Array(0)).length;
  const given = key.saltLength ?? constants.RSA_PSS_SALTLEN_AUTO;
  if (given >= 0) return { name: "pss", salt: given };
  if (given === constants.RSA_PSS_SALTLEN_DIGEST) return { name: "pss", salt: hashLength };
  const longest = Math.ceil((facts.bits - 1) / 8) - hashLength - 2;
  return { name: "pss", salt: signing ? Math.max(longest, 0) : undefined };
}

function signWith(hash, data, key) {
  const bytes = pem(key);
  const { name, salt } = scheme(bytes, key, hash, true);
  return natives.sign(name, hash, bytes, data, salt);
}

function verifyWith(hash, data, key, signature) {
  const bytes = pem(key);
  const { name, salt } = scheme(bytes, key, hash, false);
  return natives.verify(name, hash, bytes, data, signature, salt);
}

class Signer {
  #hash;
  #pieces = [];
  constructor(hash) {
    natives.digest(String(hash), new Uint8Array(0));
    this.#hash = hash;
  }
  update(data, encoding) {
    this.#pieces.push(Buffer.from(toBytes(data, encoding, "data")));
    return this;
  }
  write(data, encoding) {
    this.update(data, encoding);
    return true;
  }
  end(data, encoding) {
    if (data !== undefined && data !== null) this.update(data, encoding);
  }
  get parts() {
    return [this.#hash, Buffer.concat(this.#pieces)];
  }
}

class Sign extends Signer {
  sign(key, encoding) {
    return output(signWith(...this.parts, key), encoding);
  }
}

class Verify extends Signer {
  verify(key, signature, encoding) {
    return verifyWith(...this.parts, key, toBytes(signature, encoding, "signature"));
  }
}

module.exports = {
  Sign,
  Verify,
  constants,
  createSign: (hash) => new Sign(hash),
  createVerify: (hash) => new Verify(hash),
  sign: (hash, data, key) => output(signWith(hash, toBytes(data, "utf8", "data"), key)),
  verify: (hash, data, key, signature) =>
    verifyWith(hash, toBytes(data, "utf8", "data"), key, toBytes(signature, "utf8", "signature")),
};
