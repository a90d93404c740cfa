// What the parts of `crypto` share.
const { Buffer } = require("buffer");

/** The engine's own primitives. */
const natives = process.binding("usher").crypto;

function fail(Type, code, message) {
  return Object.assign(new Type(message), { code });
}

/** The bytes of a string, a view or a buffer. */
function toBytes(value, encoding, name) {
  if (typeof value === "string") return Buffer.from(value, encoding === "buffer" ? "utf8" : encoding);
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  const types = "of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView";
  const type = value === null ? "null" : typeof value;
  throw fail(TypeError, "ERR_INVALID_ARG_TYPE", `The "${name}" argument must be ${types}. Received ${type}`);
}

/** Bytes as a Buffer, or as a string where an encoding is given. */
function output(bytes, encoding) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

/** A whole number from `least` to `most`. */
function integer(value, name, least, most) {
  if (typeof value !== "number") {
    const message = `The "${name}" argument must be of type number. Received ${typeof value}`;
    throw fail(TypeError, "ERR_INVALID_ARG_TYPE", message);
  }
  if (!Number.isInteger(value) || value < least || value > most) {
    const range = `It must be an integer from ${least} to ${most}. Received ${value}`;
    throw fail(RangeError, "ERR_OUT_OF_RANGE", `The value of "${name}" is out of range. ${range}`);
  }
  return value;
}

/** Works, and hands the result to a callback in a later turn, as Node does. Mistakes in the arguments throw at once. */
function later(callback, work) {
  if (typeof callback !== "function") {
    const message = `The "callback" argument must be of type function. Received ${typeof callback}`;
    throw fail(TypeError, "ERR_INVALID_ARG_TYPE", message);
  }
  const result = work();
  queueMicrotask(() => callback(null, result));
}

module.exports = { Buffer, fail, integer, later, natives, output, toBytes };
