// The globals `utils.crypto` and `utils.jwt` of App Services (reference 5.3), and `crypto` as packages expect it of every
// engine: `getRandomValues` and `randomUUID`.
(function (host, usher) {
  "use strict";

  // What the built-in `crypto` is made of, too. Whatever needs random numbers needs a call to draw them in, or all calls
  // would share what the snapshot drew.
  const natives = {
    ...host.crypto,
    random(length) {
      host.touch();
      return host.random(length);
    },
    sign(...parts) {
      host.touch();
      return host.crypto.sign(...parts);
    },
  };
  usher.natives = { ...usher.natives, crypto: natives };

  const { Binary } = usher.bson;
  const binary = (bytes) => new Binary(bytes, 0);
  const oneOf = (names) => names.map((name) => `"${name}"`).join(", ");

  /** The bytes of a text, or of a value that is bytes already. */
  function bytesOf(value, what) {
    if (typeof value === "string") return host.utf8(value);
    if (value instanceof Binary) return value.buffer;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`${what} must be a string or a BSON.Binary, and is ${value === null ? "null" : typeof value}`);
  }
  function bytesNotText(value, what) {
    if (typeof value !== "string") return bytesOf(value, what);
    throw new TypeError(`${what} must be a BSON.Binary, and is a string: BSON.Binary.fromBase64 makes one of Base64`);
  }
  function choice(value, names, what) {
    if (names.includes(value)) return;
    throw new Error(`${what} must be one of ${oneOf(names)}, and is ${JSON.stringify(value)}`);
  }

  // AES-GCM with a random IV of 12 bytes in front of the ciphertext and the tag of 16 bytes behind it. That is what App
  // Services did: the sample in its documentation decrypts so.
  const IV = 12;
  const TAG = 16;
  function aes(type, key) {
    choice(type, ["aes"], "the encryption type");
    const secret = bytesOf(key, "the key");
    if (![16, 24, 32].includes(secret.length)) {
      throw new Error(`an AES key has 16, 24 or 32 bytes, and this one has ${secret.length}`);
    }
    return (encrypt, iv) => natives.cipher(`aes-${secret.length * 8}-gcm`, encrypt, secret, iv);
  }
  function encrypt(type, message, key) {
    const start = aes(type, key);
    const plain = bytesOf(message, "the message");
    const iv = natives.random(IV);
    const cipher = start(true, iv);
    const whole = new Uint8Array(IV + plain.length + TAG);
    whole.set(iv);
    whole.set(cipher.update(plain), IV);
    cipher.finish();
    whole.set(cipher.tag(), IV + plain.length);
    return binary(whole);
  }
  function decrypt(type, message, key) {
    const start = aes(type, key);
    const bytes = bytesNotText(message, "the message");
    if (bytes.length < IV + TAG) throw new Error("the message is too short to be one that utils.crypto.encrypt made");
    const cipher = start(false, bytes.subarray(0, IV));
    cipher.expect(bytes.subarray(-TAG));
    const plain = cipher.update(bytes.subarray(IV, -TAG));
    try {
      cipher.finish();
    } catch {
      throw new Error("the message cannot be decrypted: the key is not the one it was encrypted with, or it was changed");
    }
    return binary(plain);
  }

  // The documentation does not name the hash of signatures: SHA-256, as everywhere by now.
  const SCHEMES = ["pss", "pkcs1v15"];
  function sign(type, message, key, scheme = "pss") {
    choice(type, ["rsa"], "the encryption type");
    choice(scheme, SCHEMES, "the signature scheme");
    return binary(natives.sign(scheme, "sha256", bytesOf(key, "the private key"), bytesOf(message, "the message")));
  }
  function verify(type, message, key, signature, scheme = "pss") {
    choice(type, ["rsa"], "the encryption type");
    choice(scheme, SCHEMES, "the signature scheme");
    const given = bytesNotText(signature, "the signature");
    return natives.verify(scheme, "sha256", bytesOf(key, "the public key"), bytesOf(message, "the message"), given);
  }
  function hmac(input, secret, hash, format) {
    choice(hash, ["sha1", "sha256", "sha512"], "the hash function");
    choice(format, ["hex", "base64"], "the output format");
    const code = natives.hmac(hash, bytesOf(secret, "the secret"), bytesOf(input, "the input"));
    return format === "hex" ? host.hex(code) : host.base64(code);
  }
  function hash(name, input) {
    choice(name, ["sha1", "sha256", "md5"], "the hash function");
    return binary(natives.digest(name, bytesOf(input, "the input")));
  }

  const METHODS = {};
  for (const bits of [256, 384, 512]) {
    METHODS[`HS${bits}`] = { hash: `sha${bits}` };
    METHODS[`RS${bits}`] = { hash: `sha${bits}`, scheme: "pkcs1v15", type: "rsa" };
    METHODS[`PS${bits}`] = { hash: `sha${bits}`, scheme: "pss", type: "rsa" };
  }
  METHODS.ES256 = { hash: "sha256", scheme: "ecdsa", type: "ec", bits: 256 };
  METHODS.ES384 = { hash: "sha384", scheme: "ecdsa", type: "ec", bits: 384 };
  METHODS.ES512 = { hash: "sha512", scheme: "ecdsa", type: "ec", bits: 521 };

  const PEM = /-----BEGIN [A-Z0-9 ]+-----/;
  /** How to sign by a method of that name with a key that fits it, and the key's bytes. */
  function method(name, key) {
    if (String(name).toLowerCase() === "none") throw new Error("a token without a signature is refused");
    if (typeof name !== "string" || !Object.hasOwn(METHODS, name)) {
      const names = oneOf(Object.keys(METHODS));
      throw new Error(`the signing method must be one of ${names}, and is ${JSON.stringify(name)}`);
    }
    const chosen = METHODS[name];
    const secret = bytesOf(key, "the key");
    if (!chosen.type) {
      if (secret.length === 0) throw new Error(`${name} needs a secret, and this one is empty`);
      // Everybody knows a public key, so everybody could sign with it: the sender of a token chooses the method.
      if (PEM.test(host.text(secret))) throw new Error(`${name} needs a secret, and this is a key in PEM format`);
      return { ...chosen, secret };
    }
    const facts = natives.describeKey(secret);
    if (facts.type !== chosen.type || (chosen.bits && facts.bits !== chosen.bits)) {
      const fit = chosen.type === "rsa" ? "an RSA key" : `a key of the curve P-${chosen.bits}`;
      const is = facts.type === "rsa" ? "an RSA key" : `a key of the curve P-${facts.bits}`;
      throw new Error(`${name} needs ${fit}, and this is ${is}`);
    }
    return { ...chosen, secret };
  }

  const toUrl = (bytes) => host.base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  function fromUrl(text) {
    if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
      throw new Error("the token is malformed: its parts are not base64url");
    }
    return host.fromBase64(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat(-text.length & 3));
  }
  function json(text, what) {
    let value;
    try {
      value = JSON.parse(host.text(fromUrl(text)));
    } catch {
      throw new Error(`the token is malformed: its ${what} is not JSON`);
    }
    if (value !== null && typeof value === "object") return value;
    throw new Error(`the token is malformed: its ${what} is not an object`);
  }

  function encode(name, payload, secret, header) {
    const { hash, scheme, secret: key } = method(name, secret);
    if (payload === null || typeof payload !== "object") throw new TypeError("the payload of a token must be an object");
    const head = { alg: name, typ: "JWT", ...header, ...{ alg: name } };
    const signed = [head, payload].map((part) => toUrl(host.utf8(JSON.stringify(part)))).join(".");
    const bytes = host.utf8(signed);
    return `${signed}.${toUrl(scheme ? natives.sign(scheme, hash, key, bytes) : natives.hmac(hash, key, bytes))}`;
  }
  function decode(token, key, returnHeader, acceptedMethods) {
    if (typeof token !== "string") throw new TypeError(`the token must be a string, and is ${typeof token}`);
    const parts = token.trim().split(".");
    if (parts.length !== 3) throw new Error(`the token is malformed: it has ${parts.length} parts, and should have 3`);
    const header = json(parts[0], "header");
    if (Array.isArray(acceptedMethods) && !acceptedMethods.includes(header.alg)) {
      const accepted = oneOf(acceptedMethods);
      const alg = JSON.stringify(header.alg);
      throw new Error(`the token is signed by ${alg}, which is none of the accepted methods: ${accepted}`);
    }
    const { hash, scheme, secret } = method(header.alg, key);
    const signed = host.utf8(`${parts[0]}.${parts[1]}`);
    const signature = fromUrl(parts[2]);
    const valid = scheme
      ? natives.verify(scheme, hash, secret, signed, signature)
      : natives.equal(natives.hmac(hash, secret, signed), signature);
    if (!valid) throw new Error("the token's signature is invalid");
    const payload = json(parts[1], "payload");
    inTime(payload);
    return returnHeader ? { header, payload } : payload;
  }
  /** Refuses a token that is no longer or not yet valid (RFC 7519, 4.1.4 and 4.1.5). */
  function inTime(payload) {
    if (payload.exp === undefined && payload.nbf === undefined) return;
    host.touch();
    const now = Date.now() / 1000;
    if (payload.exp !== undefined && now >= seconds(payload.exp, "exp")) throw new Error("the token is expired");
    if (payload.nbf !== undefined && now < seconds(payload.nbf, "nbf")) throw new Error("the token is not valid yet");
  }
  /** A claim's time in seconds. Apps give a Date as well, which arrives as its text. */
  function seconds(claim, name) {
    const time = typeof claim === "string" ? Date.parse(claim) / 1000 : claim;
    if (typeof time === "number" && !Number.isNaN(time)) return time;
    throw new Error(`the token's claim "${name}" is not a time in seconds`);
  }

  usher.define("utils", {
    crypto: { encrypt, decrypt, sign, verify, hmac, hash },
    jwt: { encode, decode },
  });

  // As browsers and Node offer it.
  const MOST = 65536;
  function getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || !/^(Int|Uint|BigInt|BigUint)/.test(array[Symbol.toStringTag])) {
      throw new TypeError("crypto.getRandomValues fills an array of integers, such as a Uint8Array");
    }
    if (array.byteLength > MOST) throw new RangeError(`crypto.getRandomValues fills at most ${MOST} bytes at a time`);
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(natives.random(array.byteLength));
    return array;
  }
  function randomUUID() {
    const bytes = natives.random(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return host.hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  usher.define("crypto", { getRandomValues, randomUUID });
})
