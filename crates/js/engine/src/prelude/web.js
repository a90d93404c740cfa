// Small globals of the web that packages expect: text coding, events, aborting, cloning, blobs and forms.
(function (host, usher) {
  "use strict";

  /** The bytes of anything that holds some; undefined for other values. */
  function bytesOf(value) {
    if (value instanceof Uint8Array) return value;
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (typeof value === "object" && value !== null && value._bsontype === "Binary") return value.buffer;
    return undefined;
  }
  function join(chunks) {
    if (chunks.length === 1) return chunks[0];
    const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
  usher.bytesOf = bytesOf;
  usher.joinBytes = join;
  const exactBuffer = (bytes) => bytes.slice().buffer;

  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return host.utf8(String(text).toWellFormed()); }
    encodeInto(text, into) {
      let read = 0;
      let written = 0;
      for (const character of String(text)) {
        const bytes = this.encode(character);
        if (written + bytes.length > into.length) break;
        into.set(bytes, written);
        written += bytes.length;
        read += character.length;
      }
      return { read, written };
    }
  }

  const ENCODINGS = {
    "utf-8": "utf-8", utf8: "utf-8", "unicode-1-1-utf-8": "utf-8", "utf-16le": "utf-16le", "utf-16": "utf-16le",
    ascii: "latin1", "us-ascii": "latin1", latin1: "latin1", "iso-8859-1": "latin1", "windows-1252": "latin1",
  };
  /** How many bytes at the end begin a character that is not complete. */
  function incomplete(bytes) {
    for (let back = 1; back <= 3 && back <= bytes.length; back++) {
      const byte = bytes[bytes.length - back];
      if ((byte & 0xc0) === 0x80) continue;
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return length > back ? back : 0;
    }
    return 0;
  }
  class TextDecoder {
    #encoding;
    #options;
    #left = new Uint8Array(0);
    #begun = false;
    constructor(label = "utf-8", options = {}) {
      this.#encoding = ENCODINGS[String(label).trim().toLowerCase()];
      if (this.#encoding === undefined) throw new RangeError(`the encoding ${JSON.stringify(String(label))} is not available`);
      this.#options = options;
    }
    get encoding() { return this.#encoding; }
    get #width() { return this.#encoding === "utf-16le" ? 2 : 1; }
    get fatal() { return this.#options.fatal === true; }
    get ignoreBOM() { return this.#options.ignoreBOM === true; }
    decode(input, { stream = false } = {}) {
      let bytes = input === undefined ? new Uint8Array(0) : bytesOf(input);
      if (bytes === undefined) throw new TypeError("TextDecoder.decode needs bytes");
      if (this.#left.length > 0) bytes = join([this.#left, bytes]);
      const rest = !stream ? 0 : this.#encoding === "utf-8" ? incomplete(bytes) : bytes.length % this.#width;
      this.#left = bytes.slice(bytes.length - rest);
      let text = this.#text(rest === 0 ? bytes : bytes.subarray(0, bytes.length - rest));
      if (!this.#begun && !this.ignoreBOM && text.startsWith("\ufeff")) text = text.slice(1);
      this.#begun = stream;
      return text;
    }
    #text(bytes) {
      if (this.#encoding === "utf-8") {
        const text = host.text(bytes);
        if (this.fatal && text.includes("\ufffd") && host.hex(host.utf8(text)) !== host.hex(bytes)) {
          throw new TypeError("the bytes are not valid UTF-8");
        }
        return text;
      }
      let text = "";
      for (let at = 0; at < bytes.length; at += this.#width) {
        text += String.fromCharCode(this.#width === 2 ? bytes[at] | (bytes[at + 1] << 8) : bytes[at]);
      }
      return text;
    }
  }

  class Event {
    constructor(type, init = {}) {
      this.type = String(type);
      this.cancelable = init.cancelable === true;
      this.defaultPrevented = false;
      this.target = this.currentTarget = null;
    }
    preventDefault() { this.defaultPrevented = this.cancelable; }
    stopPropagation() {}
    stopImmediatePropagation() {}
  }
  class EventTarget {
    #listeners = new Map();
    addEventListener(type, listener, options) {
      const list = this.#listeners.get(type) || [];
      if (listener === null || listener === undefined || list.some((each) => each.listener === listener)) return;
      list.push({ listener, once: typeof options === "object" && options !== null && options.once === true });
      this.#listeners.set(type, list);
    }
    removeEventListener(type, listener) {
      this.#listeners.set(type, (this.#listeners.get(type) || []).filter((each) => each.listener !== listener));
    }
    dispatchEvent(event) {
      event.target = event.currentTarget = this;
      const handler = this["on" + event.type];
      if (typeof handler === "function") handler.call(this, event);
      for (const { listener, once } of [...(this.#listeners.get(event.type) || [])]) {
        if (once) this.removeEventListener(event.type, listener);
        if (typeof listener === "function") listener.call(this, event);
        else listener.handleEvent(event);
      }
      return !event.defaultPrevented;
    }
  }

  const KEY = {};
  let abort;
  class AbortSignal extends EventTarget {
    #reason;
    #aborted = false;
    onabort = null;
    constructor(key) {
      super();
      if (key !== KEY) throw new TypeError("an AbortSignal comes from an AbortController");
    }
    get aborted() { return this.#aborted; }
    get reason() { return this.#reason; }
    throwIfAborted() { if (this.#aborted) throw this.#reason; }
    static {
      abort = (signal, reason) => {
        if (signal.#aborted) return;
        signal.#aborted = true;
        signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
        signal.dispatchEvent(new Event("abort"));
      };
    }
    static abort(reason) {
      const signal = new AbortSignal(KEY);
      abort(signal, reason);
      return signal;
    }
    static timeout(milliseconds) {
      const signal = new AbortSignal(KEY);
      setTimeout(() => abort(signal, new DOMException("The operation timed out", "TimeoutError")), milliseconds);
      return signal;
    }
    static any(signals) {
      const signal = new AbortSignal(KEY);
      for (const each of signals) {
        if (each.aborted) abort(signal, each.reason);
        else each.addEventListener("abort", () => abort(signal, each.reason), { once: true });
      }
      return signal;
    }
  }
  class AbortController {
    #signal = new AbortSignal(KEY);
    get signal() { return this.#signal; }
    abort(reason) { abort(this.#signal, reason); }
  }

  function cannotClone(value) {
    return new DOMException(`${usher.inspect(value)} could not be cloned`, "DataCloneError");
  }
  function clone(value, seen) {
    if (typeof value === "function" || typeof value === "symbol") throw cannotClone(value);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    const keep = (copy) => {
      seen.set(value, copy);
      return copy;
    };
    if (value instanceof Date) return keep(new Date(value.getTime()));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (value instanceof ArrayBuffer) return keep(value.slice(0));
    if (ArrayBuffer.isView(value)) {
      const buffer = clone(value.buffer, seen);
      return keep(new value.constructor(buffer, value.byteOffset, value instanceof DataView ? value.byteLength : value.length));
    }
    if (value instanceof Map) {
      const copy = keep(new Map());
      for (const [name, member] of value) copy.set(clone(name, seen), clone(member, seen));
      return copy;
    }
    if (value instanceof Set) {
      const copy = keep(new Set());
      for (const member of value) copy.add(clone(member, seen));
      return copy;
    }
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) throw cannotClone(value);
    // Errors and BSON values keep their class; other objects become plain, as the standard says.
    const keeps = value instanceof Error || typeof value._bsontype === "string";
    const copy = keep(Array.isArray(value) ? [] : keeps ? Object.create(Object.getPrototypeOf(value)) : {});
    if (value instanceof Error) usher.methods(copy, { message: clone(value.message, seen), stack: value.stack });
    for (const name of Object.keys(value)) copy[name] = clone(value[name], seen);
    return copy;
  }

  let contents;
  class Blob {
    #bytes;
    #type;
    constructor(parts = [], options = {}) {
      this.#bytes = join([new Uint8Array(0), ...Array.from(parts, (part) =>
        part instanceof Blob ? part.#bytes : bytesOf(part) || host.utf8(String(part)))]);
      this.#type = options.type === undefined ? "" : String(options.type).toLowerCase();
    }
    static { contents = (blob) => blob.#bytes; }
    get size() { return this.#bytes.length; }
    get type() { return this.#type; }
    async text() { return host.text(this.#bytes); }
    async arrayBuffer() { return exactBuffer(this.#bytes); }
    async bytes() { return this.#bytes.slice(); }
    slice(start, end, type) { return new Blob([this.#bytes.slice(start, end)], { type }); }
    get [Symbol.toStringTag]() { return "Blob"; }
  }
  class File extends Blob {
    #name;
    constructor(parts, name, options = {}) {
      super(parts, options);
      this.#name = String(name);
      this.lastModified = options.lastModified === undefined ? 0 : Number(options.lastModified);
    }
    get name() { return this.#name; }
    get [Symbol.toStringTag]() { return "File"; }
  }
  class FormData {
    #entries = [];
    #entry(name, value, file) {
      if (value instanceof Blob && (!(value instanceof File) || file !== undefined)) {
        value = new File([value], file === undefined ? "blob" : file, { type: value.type });
      }
      return [String(name), value instanceof Blob ? value : String(value)];
    }
    append(name, value, file) { this.#entries.push(this.#entry(name, value, file)); }
    set(name, value, file) {
      const entry = this.#entry(name, value, file);
      const first = this.#entries.findIndex((each) => each[0] === entry[0]);
      if (first < 0) this.#entries.push(entry);
      else this.#entries = this.#entries.filter((each, index) => index <= first || each[0] !== entry[0]);
      if (first >= 0) this.#entries[first] = entry;
    }
    delete(name) { this.#entries = this.#entries.filter((entry) => entry[0] !== String(name)); }
    get(name) {
      const entry = this.#entries.find((each) => each[0] === String(name));
      return entry === undefined ? null : entry[1];
    }
    getAll(name) { return this.#entries.filter((entry) => entry[0] === String(name)).map((entry) => entry[1]); }
    has(name) { return this.#entries.some((entry) => entry[0] === String(name)); }
    forEach(visit, self) { for (const [name, value] of this) visit.call(self, value, name, this); }
    *entries() { for (const entry of this.#entries) yield [...entry]; }
    *keys() { for (const [name] of this.#entries) yield name; }
    *values() { for (const [, value] of this.#entries) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get [Symbol.toStringTag]() { return "FormData"; }
  }

  const quoted = (text) => `"${text.replace(/\r\n?|\n/g, "%0D%0A").replace(/"/g, "%22")}"`;
  function multipart(form) {
    host.touch();
    const boundary = "----UsherFormBoundary" + host.hex(host.random(12));
    const chunks = [];
    for (const [name, value] of form) {
      let head = `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(name)}`;
      if (value instanceof Blob) {
        head += `; filename=${quoted(value.name)}\r\nContent-Type: ${value.type || "application/octet-stream"}`;
      }
      chunks.push(host.utf8(head + "\r\n\r\n"), value instanceof Blob ? contents(value) : host.utf8(value), host.utf8("\r\n"));
    }
    chunks.push(host.utf8(`--${boundary}--\r\n`));
    return { bytes: join(chunks), type: `multipart/form-data; boundary=${boundary}` };
  }
  /** A request's or response's body as bytes with the media type that it implies; undefined where there is none. */
  usher.bodyOf = function (body) {
    if (body === undefined || body === null) return undefined;
    const bytes = bytesOf(body);
    if (bytes !== undefined) return { bytes, type: undefined };
    if (body instanceof Blob) return { bytes: contents(body), type: body.type || undefined };
    if (body instanceof FormData) return multipart(body);
    if (body instanceof URLSearchParams) {
      return { bytes: host.utf8(String(body)), type: "application/x-www-form-urlencoded;charset=UTF-8" };
    }
    return { bytes: host.utf8(String(body)), type: "text/plain;charset=UTF-8" };
  };
  usher.exactBuffer = exactBuffer;

  const globals = { TextEncoder, TextDecoder, Event, EventTarget, AbortSignal, AbortController, Blob, File, FormData };
  for (const name of Object.keys(globals)) usher.define(name, globals[name]);
  usher.define("structuredClone", (value) => clone(value, new Map()));
})
