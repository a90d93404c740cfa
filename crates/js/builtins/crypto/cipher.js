// AES with keys, and with the passwords of old programs.
const { StringDecoder } = require("string_decoder");
const { fail, natives, output, toBytes } = require("./common");
const { secretBytes } = require("./key");

class Cipher {
  #native;
  #encrypt;
  #tagLength;
  #decoder;
  #finished = false;
  constructor(encrypt, name, key, iv, options) {
    this.#native = natives.cipher(String(name), encrypt, key, iv);
    this.#encrypt = encrypt;
    this.#tagLength = options?.authTagLength;
  }
  update(data, inputEncoding, outputEncoding) {
    this.#check();
    return this.#give(this.#native.update(toBytes(data, inputEncoding, "data")), outputEncoding, false);
  }
  final(outputEncoding) {
    this.#check();
    this.#finished = true;
    return this.#give(this.#native.finish(), outputEncoding, true);
  }
  setAutoPadding(on = true) {
    this.#check();
    this.#native.padding(Boolean(on));
    return this;
  }
  setAAD(data, options) {
    this.#check();
    this.#native.additional(toBytes(data, options?.encoding, "buffer"));
    return this;
  }
  getAuthTag() {
    if (!this.#encrypt) throw fail(Error, "ERR_CRYPTO_INVALID_STATE", "Invalid state for operation getAuthTag");
    return output(this.#native.tag().slice(0, this.#tagLength));
  }
  setAuthTag(tag, encoding) {
    this.#check();
    if (this.#encrypt) throw fail(Error, "ERR_CRYPTO_INVALID_STATE", "Invalid state for operation setAuthTag");
    const bytes = toBytes(tag, encoding, "buffer");
    if (this.#tagLength !== undefined && bytes.length !== this.#tagLength) {
      throw fail(TypeError, "ERR_CRYPTO_INVALID_AUTH_TAG", `Invalid authentication tag length: ${bytes.length}`);
    }
    this.#native.expect(bytes);
    return this;
  }
  #check() {
    if (this.#finished) throw fail(Error, "ERR_CRYPTO_INVALID_STATE", "Unsupported state: final() was called before");
  }
  /** Pieces of text may end within a character, or within a group of Base64. */
  #give(bytes, encoding, last) {
    if (!encoding || encoding === "buffer") return output(bytes);
    this.#decoder ??= new StringDecoder(encoding);
    return this.#decoder.write(output(bytes)) + (last ? this.#decoder.end() : "");
  }
}

class Cipheriv extends Cipher {}
class Decipheriv extends Cipher {}

function withIv(Type, encrypt, name, key, iv, options) {
  const vector = iv === null ? new Uint8Array(0) : toBytes(iv, "utf8", "iv");
  return new Type(encrypt, name, secretBytes(key), vector, options);
}

/** Node's old way: key and IV from a password by MD5, with no salt. Weak, but what is encrypted so has to be read. */
function withPassword(Type, encrypt, name, password, options) {
  const info = natives.cipherInfo(String(name));
  if (!info) throw fail(Error, "ERR_CRYPTO_UNKNOWN_CIPHER", `Unknown cipher ${name}`);
  const bytes = natives.bytesToKey(toBytes(password, "utf8", "password"), info.keyLength + info.ivLength);
  return new Type(encrypt, name, bytes.slice(0, info.keyLength), bytes.slice(info.keyLength), options);
}

const sizes = [128, 192, 256];

module.exports = {
  Cipher: Cipheriv,
  Cipheriv,
  Decipher: Decipheriv,
  Decipheriv,
  createCipheriv: (name, key, iv, options) => withIv(Cipheriv, true, name, key, iv, options),
  createDecipheriv: (name, key, iv, options) => withIv(Decipheriv, false, name, key, iv, options),
  createCipher: (name, password, options) => withPassword(Cipheriv, true, name, password, options),
  createDecipher: (name, password, options) => withPassword(Decipheriv, false, name, password, options),
  getCipherInfo(name) {
    const info = natives.cipherInfo(String(name));
    if (info && info.ivLength === 0) delete info.ivLength;
    return info;
  },
  getCiphers: () => sizes.flatMap((bits) => ["cbc", "ctr", "ecb", "gcm"].map((mode) => `aes-${bits}-${mode}`)),
};
