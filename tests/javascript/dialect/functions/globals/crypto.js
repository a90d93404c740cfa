exports = ({ privateKey, publicKey }) => {
  const { crypto } = utils;
  const key = "0123456789abcdef0123456789abcdef";
  const sealed = crypto.encrypt("aes", "bonjour", key);
  const again = crypto.encrypt("aes", "bonjour", key);
  const signature = crypto.sign("rsa", "message", privateKey, "pss");
  const old = crypto.sign("rsa", "message", privateKey, "pkcs1v15");
  let refused;
  try {
    crypto.decrypt("aes", sealed, "another key of 32 characters !!!");
  } catch (error) {
    refused = error.message;
  }
  return {
    opened: crypto.decrypt("aes", sealed, key).text(),
    fresh: sealed.toHex() !== again.toHex(),
    refused,
    verified: [
      crypto.verify("rsa", "message", publicKey, signature, "pss"),
      crypto.verify("rsa", "another", publicKey, signature, "pss"),
      crypto.verify("rsa", "message", publicKey, old, "pkcs1v15"),
    ],
    signature: old.toBase64(),
    hmac: crypto.hmac("input", "secret", "sha256", "hex"),
    hmac64: crypto.hmac("input", "secret", "sha512", "base64"),
    hash: crypto.hash("sha256", "input").toHex(),
    md5: crypto.hash("md5", BSON.Binary.fromHex("00")).toHex(),
  };
};
