exports = () => {
  const crypto = require("crypto");
  const { Buffer: FromModule } = require("node:buffer");
  const util = require("util");
  const url = require("url");
  const querystring = require("querystring");
  const assert = require("assert");
  const EventEmitter = require("events");
  const path = require("path");
  const { Readable, Transform } = require("stream");

  const key = crypto.pbkdf2Sync("password", "salt", 1000, 32, "sha256");
  const cipher = crypto.createCipheriv("aes-256-cbc", key, Buffer.alloc(16));
  const sealed = cipher.update("bonjour", "utf8", "hex") + cipher.final("hex");
  const opener = crypto.createDecipheriv("aes-256-cbc", key, Buffer.alloc(16));

  const heard = [];
  const emitter = new EventEmitter();
  emitter.once("word", (word) => heard.push(word));
  emitter.emit("word", "one");
  emitter.emit("word", "two");

  let refused;
  try {
    assert.deepStrictEqual({ a: 1 }, { a: 2 });
  } catch (error) {
    refused = error.code;
  }

  const upper = new Transform({
    transform(chunk, _, done) {
      done(null, String(chunk).toUpperCase());
    },
  });
  const streamed = new Promise((resolve, reject) => {
    const parts = [];
    Readable.from(["a", "b"]).pipe(upper).on("data", (part) => parts.push(String(part)));
    upper.on("end", () => resolve(parts.join(""))).on("error", reject);
  });

  return {
    crypto: {
      sha256: crypto.createHash("sha256").update("a").digest("hex"),
      hmac: crypto.createHmac("sha1", "key").update("a").update("b").digest("base64"),
      pbkdf2: key.toString("hex"),
      sealed,
      opened: opener.update(sealed, "hex", "utf8") + opener.final("utf8"),
      random: crypto.randomBytes(8).length,
      equal: crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("a")),
    },
    buffer: {
      same: FromModule === Buffer,
      base64: Buffer.from("héllo").toString("base64"),
      hex: Buffer.concat([Buffer.from([1, 2]), Buffer.from("ff", "hex")]).toString("hex"),
      number: Buffer.from([0, 0, 1, 2]).readUInt32BE(0),
    },
    util: { format: util.format("%s is %d", "it", 5), promisified: util.promisify((value, done) => done(null, value * 2))(4) },
    url: {
      host: url.parse("https://user@example.com:8080/a/b?x=1#y").host,
      path: new URL("../c?d=e", "https://example.com/a/b").pathname,
      search: new URLSearchParams({ a: "1 2", b: "&" }).toString(),
    },
    querystring: { text: querystring.stringify({ a: [1, 2], b: "x y" }), parsed: querystring.parse("a=1&a=2&b=x%20y") },
    assert: refused,
    events: heard,
    path: { join: path.join("/a", "..", "b", "c.txt"), ext: path.extname("c.txt") },
    stream: streamed,
  };
};
