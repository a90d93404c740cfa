// What the built-in `crypto` and Node's own have to agree on: `[name, value]` of each. An error counts by its code.
(function (require, keys) {
  const crypto = require("crypto");
  const { Buffer } = require("buffer");
  const results = [];
  function same(name, compute) {
    let value;
    try {
      value = compute();
    } catch (error) {
      value = `error ${error.code}`;
    }
    results.push([name, Buffer.isBuffer(value) ? value.toString("hex") : value]);
  }
  // Ready-made input of any length, without randomness.
  const bytes = (length) => Buffer.from(Array.from({ length }, (_, at) => (at * 7 + 3) & 255));

  for (const name of ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "SHA256", "RSA-SHA256"]) {
    for (const length of [0, 1, 63, 64, 1000]) {
      same(`hash ${name} ${length}`, () => crypto.createHash(name).update(bytes(length)).digest("hex"));
      same(`hmac ${name} ${length}`, () => crypto.createHmac(name, bytes(length)).update(bytes(99)).digest("base64"));
    }
  }
  same("hash of pieces", () => crypto.createHash("sha256").update("ä").update("c3a4", "hex").update(Buffer.from("ä")).digest("hex"));
  same("hash in latin1", () => crypto.createHash("md5").update("x").digest("latin1"));
  same("hash in binary", () => crypto.createHash("md5").update("x").digest("binary"));
  same("hash in base64url", () => crypto.createHash("md5").update("x").digest("base64url"));
  same("hash as a buffer", () => crypto.createHash("md5").update("x").digest());
  same("hash of a view", () => crypto.createHash("md5").update(new Uint16Array([1, 2, 3]).subarray(1)).digest());
  same("hash keeps what it was given", () => {
    const piece = bytes(4);
    const hash = crypto.createHash("md5").update(piece);
    piece.fill(0);
    return hash.digest("hex");
  });
  same("hash copied", () => {
    const hash = crypto.createHash("sha1").update("a");
    const copy = hash.copy().update("b");
    return hash.digest("hex") + copy.digest("hex");
  });
  same("hash as a stream", () => {
    const hash = crypto.createHash("sha1");
    hash.write("a");
    hash.end("b");
    return hash.read();
  });
  same("hash used twice", () => {
    const hash = crypto.createHash("sha1").update("a");
    hash.digest();
    return hash.digest();
  });
  same("hash of a number", () => crypto.createHash("sha1").update(1));
  same("hmac with a key object", () => crypto.createHmac("sha256", crypto.createSecretKey(Buffer.from("k"))).update("x").digest("hex"));
  same("hmac without a key", () => crypto.createHmac("sha256"));

  same("pbkdf2", () => crypto.pbkdf2Sync("password", "salt", 1000, 64, "sha512"));
  same("pbkdf2 sha1", () => crypto.pbkdf2Sync("pässword", bytes(16), 3, 33, "sha1"));
  same("pbkdf2 without a hash", () => crypto.pbkdf2Sync("p", "s", 1, 1));
  same("pbkdf2 with an unknown hash", () => crypto.pbkdf2Sync("p", "s", 1, 1, "md99"));
  same("pbkdf2 without rounds", () => crypto.pbkdf2Sync("p", "s", 0, 1, "sha1"));
  same("scrypt", () => crypto.scryptSync("password", "NaCl", 64));
  same("scrypt with options", () => crypto.scryptSync("password", "NaCl", 10, { N: 1024, r: 8, p: 2 }));
  same("scrypt beyond its memory", () => crypto.scryptSync("p", "s", 1, { N: 2 ** 20 }));

  const ivs = { cbc: 16, ctr: 16, ecb: 0, gcm: 12 };
  for (const bits of [128, 192, 256]) {
    for (const mode of ["cbc", "ctr", "ecb", "gcm"]) {
      const name = `aes-${bits}-${mode}`;
      const key = bytes(bits / 8);
      const iv = mode === "ecb" ? null : bytes(ivs[mode]);
      for (const length of [0, 1, 15, 16, 17, 32, 100]) {
        const cipher = crypto.createCipheriv(name, key, iv);
        let sealed;
        same(`${name} ${length}`, () => (sealed = Buffer.concat([cipher.update(bytes(length)), cipher.final()])));
        if (mode === "gcm") same(`${name} ${length} tag`, () => cipher.getAuthTag());
        same(`${name} ${length} back`, () => {
          const decipher = crypto.createDecipheriv(name, key, iv);
          if (mode === "gcm") decipher.setAuthTag(cipher.getAuthTag());
          return Buffer.concat([decipher.update(sealed), decipher.final()]);
        });
      }
      same(`${name} piece by piece`, () => {
        const cipher = crypto.createCipheriv(name, key, iv);
        const pieces = [];
        for (const length of [5, 11, 16, 1, 40, 0, 7]) pieces.push(cipher.update(bytes(length)).toString("hex"));
        pieces.push(cipher.final("hex"));
        return pieces.join(" ");
      });
    }
  }
  const key = bytes(32);
  for (const length of [1, 8, 11, 12, 13, 16, 60]) {
    same(`gcm with an IV of ${length}`, () => {
      const cipher = crypto.createCipheriv("aes-256-gcm", key, bytes(length));
      cipher.setAAD(bytes(21));
      const data = cipher.update("text", "utf8", "hex") + cipher.final("hex");
      return data + cipher.getAuthTag().toString("hex");
    });
  }
  function gcm(change) {
    const cipher = crypto.createCipheriv("aes-256-gcm", key, bytes(12)).setAAD(bytes(3));
    const parts = { aad: bytes(3), data: Buffer.concat([cipher.update("text"), cipher.final()]), tag: cipher.getAuthTag() };
    change(parts);
    const decipher = crypto.createDecipheriv("aes-256-gcm", key, bytes(12));
    decipher.setAAD(parts.aad);
    if (parts.tag) decipher.setAuthTag(parts.tag);
    try {
      return decipher.update(parts.data, null, "utf8") + decipher.final("utf8");
    } catch (error) {
      return error.code ?? "refused";
    }
  }
  same("gcm intact", () => gcm(() => {}));
  // Node gives these no code, we do: what counts is that they are refused.
  for (const [what, change] of Object.entries({
    tag: ({ tag }) => (tag[0] ^= 1),
    data: ({ data }) => (data[0] ^= 1),
    aad: ({ aad }) => (aad[0] ^= 1),
    "no tag": (parts) => (parts.tag = null),
  })) {
    same(`gcm with ${what} changed`, () => gcm(change) !== "text");
  }
  same("gcm with a short tag", () => gcm((parts) => (parts.tag = parts.tag.subarray(0, 3))));
  same("gcm tag before the end", () => crypto.createCipheriv("aes-256-gcm", key, bytes(12)).getAuthTag());
  same("gcm tag of 12", () => {
    const cipher = crypto.createCipheriv("aes-256-gcm", key, bytes(12), { authTagLength: 12 });
    cipher.final();
    return cipher.getAuthTag();
  });

  same("cbc as Base64 in pieces", () => {
    const cipher = crypto.createCipheriv("aes-256-cbc", key, bytes(16));
    return cipher.update("twenty-one characters", "utf8", "base64") + cipher.final("base64");
  });
  same("ctr as Base64 in pieces", () => {
    const cipher = crypto.createCipheriv("aes-256-ctr", key, bytes(16));
    return ["a", "bc", "d"].map((piece) => cipher.update(piece, "utf8", "base64")).join("|") + cipher.final("base64");
  });
  same("cbc back to text in pieces", () => {
    const cipher = crypto.createCipheriv("aes-256-cbc", key, bytes(16));
    const sealed = cipher.update("fünfzehn Zeichen…", "utf8", "hex") + cipher.final("hex");
    const decipher = crypto.createDecipheriv("aes-256-cbc", key, bytes(16));
    return sealed.match(/../g).map((byte) => decipher.update(byte, "hex", "utf8")).join("") + decipher.final("utf8");
  });
  same("cbc without padding", () => {
    const cipher = crypto.createCipheriv("aes-256-cbc", key, bytes(16)).setAutoPadding(false);
    const sealed = Buffer.concat([cipher.update(bytes(32)), cipher.final()]);
    const decipher = crypto.createDecipheriv("aes-256-cbc", key, bytes(16));
    decipher.setAutoPadding(false);
    return sealed.toString("hex") + decipher.update(sealed, undefined, "hex") + decipher.final("hex");
  });
  function broken(length, padding) {
    const decipher = crypto.createDecipheriv("aes-256-cbc", key, bytes(16)).setAutoPadding(padding);
    decipher.update(bytes(length));
    return decipher.final();
  }
  same("cbc with a wrong key", () => broken(32, true));
  same("cbc cut off", () => broken(20, true));
  same("cbc of nothing", () => broken(0, true));
  same("cipher unknown", () => crypto.createCipheriv("aes-256-xyz", key, bytes(16)));
  same("cipher with a short key", () => crypto.createCipheriv("aes-256-cbc", bytes(31), bytes(16)));
  same("cipher with a short IV", () => crypto.createCipheriv("aes-256-cbc", key, bytes(15)));
  same("cipher by its other name", () => crypto.createCipheriv("AES256", key, bytes(16)).final("hex"));
  same("cipher with a string as key", () => crypto.createCipheriv("aes-128-cbc", "0123456789abcdef", "fedcba9876543210").final("hex"));
  same("cipher with a key object", () => crypto.createCipheriv("aes-256-cbc", crypto.createSecretKey(key), bytes(16)).final("hex"));
  same("cipher info", () => JSON.stringify(crypto.getCipherInfo("aes-192-cbc").ivLength));
  same("cipher info unknown", () => crypto.getCipherInfo("x"));

  same("equal", () => crypto.timingSafeEqual(bytes(4), bytes(4)));
  same("unequal", () => crypto.timingSafeEqual(bytes(4), Buffer.alloc(4)));
  same("of unequal length", () => crypto.timingSafeEqual(bytes(4), bytes(5)));

  same("random bytes", () => crypto.randomBytes(70000).length);
  same("random bytes differ", () => crypto.randomBytes(16).equals(crypto.randomBytes(16)));
  same("random bytes of no number", () => crypto.randomBytes("7"));
  same("random bytes below zero", () => crypto.randomBytes(-1));
  same("random UUID", () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
  same("random integers", () => Array.from({ length: 200 }, () => crypto.randomInt(3, 6)).sort().filter((n, at, all) => n !== all[at - 1]).join());
  same("random integer of no range", () => crypto.randomInt(3, 3));
  same("random values", () => crypto.webcrypto.getRandomValues(new Uint8Array(8)).length);
  same("random fill", () => crypto.randomFillSync(Buffer.alloc(8), 4).subarray(0, 4));

  for (const name of ["rsaPkcs8", "rsaPkcs1", "p256Pkcs8", "p256Sec1", "p384Pkcs8", "p384Sec1", "p521Pkcs8", "p521Sec1"]) {
    same(`private ${name}`, () => {
      const { type, asymmetricKeyType, asymmetricKeyDetails } = crypto.createPrivateKey(keys[name]);
      return [type, asymmetricKeyType, asymmetricKeyDetails.modulusLength, asymmetricKeyDetails.namedCurve].join();
    });
  }
  for (const name of ["rsaSpki", "rsaPublicPkcs1", "rsaCertificate", "rsaPkcs8", "p256Spki", "p384Spki", "p521Spki", "p521Sec1"]) {
    same(`public ${name}`, () => {
      const { type, asymmetricKeyType, asymmetricKeyDetails } = crypto.createPublicKey(keys[name]);
      return [type, asymmetricKeyType, asymmetricKeyDetails.modulusLength, asymmetricKeyDetails.namedCurve].join();
    });
  }
  same("private key exported", () => crypto.createPrivateKey(keys.rsaPkcs8).export({ type: "pkcs8", format: "pem" }));
  same("secret key", () => crypto.createSecretKey("6162", "hex").export().toString() + crypto.createSecretKey(key).symmetricKeySize);
  for (const hash of ["sha1", "sha256", "RSA-SHA384", "sha512"]) {
    same(`rsa ${hash}`, () => crypto.createSign(hash).update("text").sign(keys.rsaPkcs1, "base64"));
    same(`rsa one-shot ${hash}`, () => crypto.sign(hash, Buffer.from("text"), keys.rsaPkcs8));
  }
  same("rsa with a public key", () => {
    try {
      crypto.createSign("sha256").update("text").sign(keys.rsaSpki);
    } catch {
      return "refused";
    }
  });
  return results;
})
