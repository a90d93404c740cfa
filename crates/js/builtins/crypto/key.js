// Keys as objects. A key pair's half is kept as its PEM text, which the engine reads anew for each use.
const { Buffer, fail, natives, output, toBytes } = require("./common");

/** What keys are made of: `{bytes, facts}`, and no facts for secrets. */
const contents = new WeakMap();
const bytesOf = (key) => contents.get(key).bytes;

class KeyObject {
  constructor(type, bytes, facts) {
    contents.set(this, { bytes, facts });
    this.type = type;
  }
  get symmetricKeySize() {
    return this.type === "secret" ? bytesOf(this).length : undefined;
  }
  get asymmetricKeyType() {
    return contents.get(this).facts?.type;
  }
  get asymmetricKeyDetails() {
    const { facts } = contents.get(this);
    if (!facts) return undefined;
    return facts.type === "rsa" ? { modulusLength: facts.bits } : { namedCurve: facts.curve };
  }
  export(options) {
    const { bytes, facts } = contents.get(this);
    if (this.type === "secret" && options?.format !== "jwk") return Buffer.from(bytes);
    // The text that the key was made from is the only form there is.
    if (facts?.kind === this.type && (options?.format ?? "pem") === "pem") return output(bytes, "utf8");
    throw unavailable("functions can export a key only as the PEM it was made from");
  }
  equals(other) {
    return other.type === this.type && natives.equal(bytesOf(this), bytesOf(other));
  }
}

function unavailable(message) {
  return fail(Error, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", message);
}

/** A secret's bytes. */
function secretBytes(key, encoding = "utf8") {
  if (!(key instanceof KeyObject)) return toBytes(key, encoding, "key");
  if (key.type !== "secret") {
    const message = `Invalid key object type ${key.type}, expected secret.`;
    throw fail(TypeError, "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", message);
  }
  return bytesOf(key);
}

const labels = { pkcs8: "PRIVATE KEY", spki: "PUBLIC KEY", sec1: "EC PRIVATE KEY" };

/** The PEM text of what Node takes for a private or public key. */
function pem(key) {
  if (key instanceof KeyObject) return bytesOf(key);
  if (key === null || typeof key !== "object" || ArrayBuffer.isView(key) || key instanceof ArrayBuffer) {
    return toBytes(key, "utf8", "key");
  }
  if (key.key instanceof KeyObject) return bytesOf(key.key);
  if (key.format === "jwk") throw unavailable("functions take keys in PEM or DER, not as JWK");
  if (key.format !== "der") return toBytes(key.key, key.encoding, "key.key");
  const label = key.type === "pkcs1" ? `RSA ${key.kind ?? "PUBLIC"} KEY` : labels[key.type];
  if (!label) throw fail(TypeError, "ERR_INVALID_ARG_VALUE", `The property 'type' is invalid. Received ${key.type}`);
  const digits = output(toBytes(key.key, key.encoding, "key.key"), "base64");
  return Buffer.from(`-----BEGIN ${label}-----\n${digits}\n-----END ${label}-----\n`);
}

function createPrivateKey(key) {
  const bytes = Buffer.from(pem(key?.format === "der" ? { ...key, kind: "PRIVATE" } : key));
  const facts = natives.describeKey(bytes);
  if (facts.kind !== "private") {
    throw fail(TypeError, "ERR_INVALID_ARG_VALUE", "a private key is needed, and this is a public key");
  }
  return new KeyObject("private", bytes, facts);
}

function createPublicKey(key) {
  const bytes = Buffer.from(pem(key));
  return new KeyObject("public", bytes, natives.describeKey(bytes));
}

module.exports = {
  KeyObject,
  createPrivateKey,
  createPublicKey,
  createSecretKey(key, encoding) {
    const bytes = Buffer.from(toBytes(key, encoding, "key"));
    if (bytes.length === 0) throw fail(RangeError, "ERR_OUT_OF_RANGE", "a secret key has at least one byte");
    return new KeyObject("secret", bytes);
  },
};
// For the other parts of `crypto`: not listed, so it does not become part of it.
Object.defineProperty(module.exports, "pem", { value: pem });
Object.defineProperty(module.exports, "secretBytes", { value: secretBytes });
