// Signatures that differ each time, so one side makes them and the other verifies: `make` gives a list of
// `[name, private key, public key, hash, options, signature]`, `verify` the names of those that do not hold. Each is also
// tried with another text, which must not verify.
(function (require, keys) {
  const crypto = require("crypto");
  const { Buffer } = require("buffer");
  const pss = (saltLength) => ({ padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength });
  const { RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX_SIGN } = crypto.constants;
  const cases = [];
  for (const hash of ["sha256", "sha384", "sha512"]) {
    cases.push(["rsaPkcs8", "rsaCertificate", hash, {}]);
    cases.push(["rsaPkcs8", "rsaSpki", hash, pss(RSA_PSS_SALTLEN_DIGEST)]);
    cases.push(["rsaPkcs1", "rsaPublicPkcs1", hash, pss(RSA_PSS_SALTLEN_MAX_SIGN)]);
    cases.push(["rsaPkcs1", "rsaPublicPkcs1", hash, pss(0)]);
    for (const curve of ["p256", "p384", "p521"]) {
      cases.push([`${curve}Pkcs8`, `${curve}Spki`, hash, {}]);
      cases.push([`${curve}Sec1`, `${curve}Spki`, hash, { dsaEncoding: "ieee-p1363" }]);
    }
  }
  cases.push(["p521Pkcs8", "p521Spki", "sha1", {}]);
  cases.push(["p384Pkcs8", "p384Spki", "sha1", {}]);
  return {
    make: () => cases.map(([priv, pub, hash, options]) => {
      const signature = crypto.createSign(hash).update("text").sign({ key: keys[priv], ...options }, "hex");
      return [`${priv} ${hash} ${JSON.stringify(options)}`, priv, pub, hash, options, signature];
    }),
    verify: (made) => made.filter(([, , pub, hash, options, signature]) => {
      // Node, too, finds out how long the salt is when it verifies.
      const key = { key: keys[pub], ...options };
      const holds = (text) => crypto.createVerify(hash).update(text).verify(key, Buffer.from(signature, "hex"));
      return !holds("text") || holds("other text");
    }).map(([name]) => name),
  };
})
