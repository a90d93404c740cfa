// Random numbers, from those of the call.
const { Buffer, fail, integer, later, natives, output } = require("./common");

// What the host gives at a time.
const AT_A_TIME = 65536;

function fill(bytes) {
  for (let at = 0; at < bytes.length; at += AT_A_TIME) {
    bytes.set(natives.random(Math.min(AT_A_TIME, bytes.length - at)), at);
  }
  return bytes;
}

function bytes(size) {
  return fill(Buffer.alloc(integer(size, "size", 0, 2 ** 31 - 1)));
}

function randomFillSync(buffer, offset = 0, size = undefined) {
  const view = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  integer(offset, "offset", 0, view.length);
  fill(view.subarray(offset, offset + integer(size ?? view.length - offset, "size", 0, view.length - offset)));
  return buffer;
}

// 48 bits, and those at the end that would favour small numbers are drawn again.
const RANGE = 2 ** 48;
function randomIntSync(least, beyond) {
  const range = beyond - least;
  if (!Number.isSafeInteger(least) || !Number.isSafeInteger(beyond) || range <= 0 || range > RANGE - 1) {
    const message = `randomInt needs integers with min < max ≤ min + 2^48 - 1. Received ${least} and ${beyond}`;
    throw fail(RangeError, "ERR_OUT_OF_RANGE", message);
  }
  const limit = RANGE - (RANGE % range);
  for (;;) {
    const drawn = output(natives.random(6)).readUIntBE(0, 6);
    if (drawn < limit) return least + (drawn % range);
  }
}

function randomInt(least, beyond, callback) {
  if (beyond === undefined || typeof beyond === "function") [least, beyond, callback] = [0, least, beyond];
  return callback ? later(callback, () => randomIntSync(least, beyond)) : randomIntSync(least, beyond);
}

function randomBytes(size, callback) {
  return callback === undefined ? bytes(size) : later(callback, () => bytes(size));
}

function randomUUID() {
  const drawn = bytes(16);
  drawn[6] = (drawn[6] & 0x0f) | 0x40;
  drawn[8] = (drawn[8] & 0x3f) | 0x80;
  return drawn.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

module.exports = {
  randomBytes,
  pseudoRandomBytes: randomBytes,
  rng: randomBytes,
  randomFillSync,
  randomFill(buffer, ...rest) {
    const callback = rest.pop();
    later(callback, () => randomFillSync(buffer, ...rest));
  },
  randomInt,
  randomUUID,
  getRandomValues: (array) => randomFillSync(array),
};
