// `utils.crypto`, `utils.jwt` and the global `crypto`: throws at the first thing that is not as it should be.
(function (keys, now) {
  let said = "";
  function equal(actual, expected) {
    if (actual !== expected) throw new Error(`${actual} should be ${expected}`);
  }
  function refused(pattern, action) {
    try {
      said = String(action());
    } catch (error) {
      if (!pattern.test(error.message)) throw new Error(`"${error.message}" should match ${pattern}`);
      return;
    }
    throw new Error(`should be refused with ${pattern}, and gave ${said}`);
  }
  const { crypto: c, jwt } = utils;

  // The samples of the App Services documentation.
  const key = "603082712271C525E087BD999A4E0738";
  const sample = BSON.Binary.fromBase64("WPBuIvJ6Bity43Uh822dW8QlVYVJaFUiDeUjlTiJXzptUuTYIKPlXekBQAJb");
  equal(c.decrypt("aes", sample, key).text(), "MongoDB is great!");
  equal(c.hmac("hello!", "super-secret", "sha256", "base64"), "SUXd6PRMaTXXgBGaGsIHzaDWgTSa6C3D44lRGrvRak0=");
  equal(c.hash("sha256", "hello!").toBase64(), "zgYJL7lI2f+sfRo3bkBLJrdXW8wR7gWkYV/vT+w6MIs=");
  const token =
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvZSBTY2htb2UiLCJpYXQiOjE1NjU3MjEyMjMxODd9.-QL15ldu2BYuJokNWT6YRiwZQIiIpvq6Kyv-C6qslNdNiUVxo8zqLJZ1iEkNf2yZKMIrQuMCtIC1tzd2H31AxA";
  const claims = { sub: "1234567890", name: "Joe Schmoe", iat: 1565721223187 };
  equal(jwt.encode("HS512", claims, "SuperSecret"), token);
  equal(JSON.stringify(jwt.decode(token, "SuperSecret", false, ["HS512"])), JSON.stringify(claims));
  equal(JSON.stringify(jwt.decode(token, "SuperSecret", true).header), '{"alg":"HS512","typ":"JWT"}');

  for (const secret of ["k".repeat(16), "k".repeat(24), "k".repeat(32), BSON.Binary.fromHex("00".repeat(16))]) {
    const sealed = c.encrypt("aes", "fünf", secret);
    equal(sealed.buffer.length, 12 + 5 + 16);
    equal(c.decrypt("aes", sealed, secret).text(), "fünf");
    equal(c.encrypt("aes", "fünf", secret).toHex() === sealed.toHex(), false);
    sealed.buffer[14] ^= 1;
    refused(/key is not the one|was changed/, () => c.decrypt("aes", sealed, secret));
  }
  refused(/16, 24 or 32 bytes, and this one has 5/, () => c.encrypt("aes", "x", "short"));
  refused(/one of "aes"/, () => c.encrypt("des", "x", key));
  refused(/too short/, () => c.decrypt("aes", BSON.Binary.fromHex("00"), key));
  refused(/fromBase64/, () => c.decrypt("aes", sample.toBase64(), key));
  refused(/must be a string or a BSON.Binary, and is undefined/, () => c.encrypt("aes", undefined, key));

  equal(c.hash("md5", "").toHex(), "d41d8cd98f00b204e9800998ecf8427e");
  equal(c.hash("sha1", BSON.Binary.fromHex("616263")).toHex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
  refused(/one of "sha1", "sha256", "md5"/, () => c.hash("sha3", "x"));
  equal(c.hmac("", "", "sha1", "hex"), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
  refused(/output format/, () => c.hmac("", "", "sha1"));

  for (const scheme of [undefined, "pss", "pkcs1v15"]) {
    const signature = c.sign("rsa", "text", keys.rsaPkcs1, scheme);
    equal(c.verify("rsa", "text", keys.rsaPublicPkcs1, signature, scheme), true);
    equal(c.verify("rsa", "other", keys.rsaPublicPkcs1, signature, scheme), false);
  }
  equal(c.verify("rsa", "text", keys.rsaSpki, c.sign("rsa", "text", keys.rsaPkcs8, "pkcs1v15")), false);
  refused(/signature scheme/, () => c.sign("rsa", "text", keys.rsaPkcs1, "none"));
  refused(/private key is needed/, () => c.sign("rsa", "text", keys.rsaSpki));
  refused(/elliptic-curve key/, () => c.sign("rsa", "text", keys.p256Pkcs8));
  refused(/passphrase/, () => c.sign("rsa", "text", keys.rsaEncrypted));
  refused(/not supported/, () => c.sign("rsa", "text", keys.ed25519Pkcs8));
  refused(/no key in PEM format/, () => c.sign("rsa", "text", "secret"));
  refused(/cut off/, () => c.sign("rsa", "text", keys.rsaPkcs8.slice(0, 200)));
  const indented = keys.rsaPkcs8.replace(/^/gm, "      ");
  equal(c.verify("rsa", "text", keys.rsaSpki.replace(/\n(?!-)/g, " "), c.sign("rsa", "text", indented)), true);

  const pairs = { RS: ["rsaPkcs8", "rsaSpki"], PS: ["rsaPkcs1", "rsaCertificate"] };
  const curves = { ES256: "p256", ES384: "p384", ES512: "p521" };
  for (const bits of [256, 384, 512]) {
    for (const family of ["HS", "RS", "PS", "ES"]) {
      const method = family + bits;
      const curve = curves[method];
      const [secret, verifier] =
        family === "HS" ? ["secret", "secret"] : (curve ? [`${curve}Pkcs8`, `${curve}Spki`] : pairs[family]).map((name) => keys[name]);
      const made = jwt.encode(method, { a: "ü", exp: now + 100 }, secret, { kid: "7", alg: "none" });
      const { header, payload } = jwt.decode(made, verifier, true, ["XS1", method]);
      equal([header.alg, header.kid, header.typ, payload.a].join(), `${method},7,JWT,ü`);
      refused(/none of the accepted methods/, () => jwt.decode(made, verifier, false, ["XS256"]));
      const [head, body, signature] = made.split(".");
      const forged = jwt.encode("HS256", { a: "x" }, "other").split(".")[1];
      refused(/signature is invalid/, () => jwt.decode(`${head}.${forged}.${signature}`, verifier));
      refused(/signature is invalid/, () => jwt.decode(`${head}.${body}.`, verifier));
    }
  }
  // A public key as an HMAC secret: everybody has it.
  refused(/needs a secret, and this is a key in PEM format/, () => jwt.encode("HS256", {}, keys.rsaSpki));
  refused(/needs a secret/, () => jwt.decode(jwt.encode("HS256", {}, "x"), keys.rsaSpki));
  refused(/needs a secret, and this one is empty/, () => jwt.encode("HS256", {}, ""));
  const none = `eyJhbGciOiJub25lIn0.${token.split(".")[1]}.`;
  refused(/without a signature/, () => jwt.decode(none, "x"));
  refused(/without a signature/, () => jwt.encode("none", {}, "x"));
  refused(/signing method must be one of/, () => jwt.encode({ a: 1 }, "x", "HS256"));
  refused(/signing method must be one of/, () => jwt.encode("constructor", {}, "x"));
  refused(/ES256 needs a key of the curve P-256, and this is a key of the curve P-384/, () => jwt.encode("ES256", {}, keys.p384Pkcs8));
  refused(/RS256 needs an RSA key/, () => jwt.encode("RS256", {}, keys.p256Pkcs8));
  refused(/2 parts/, () => jwt.decode("a.b", "x"));
  refused(/header is not JSON/, () => jwt.decode("a.b.c", "x"));
  refused(/must be a string, and is undefined/, () => jwt.decode(undefined, "x"));
  refused(/payload of a token must be an object/, () => jwt.encode("HS256", "x", "x"));

  const timed = (claims) => jwt.decode(jwt.encode("HS256", claims, "x"), "x");
  refused(/expired/, () => timed({ exp: now - 1 }));
  refused(/expired/, () => timed({ exp: new Date((now - 100) * 1000) }));
  refused(/not valid yet/, () => timed({ nbf: now + 100 }));
  refused(/"exp" is not a time/, () => timed({ exp: "soon" }));
  refused(/"exp" is not a time/, () => timed({ exp: null }));
  timed({ exp: now + 100, nbf: now - 100, iat: now * 1000 });
  timed({ exp: new Date((now + 100) * 1000) });

  equal(crypto.getRandomValues(new Uint32Array(4)).filter((n) => n !== 0).length > 1, true);
  const part = new Uint8Array(8);
  crypto.getRandomValues(part.subarray(4));
  equal(part.subarray(0, 4).join(), "0,0,0,0");
  refused(/at most 65536/, () => crypto.getRandomValues(new Uint8Array(65537)));
  refused(/array of integers/, () => crypto.getRandomValues([1]));
  equal(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), true);
})
