// Node's `zlib` over fflate. Streams gather their input and work on it once: whole bodies are what functions handle.
const fflate = require("fflate");
const { Buffer } = require("buffer");
const { Transform } = require("stream");

const bytes = (data) => (typeof data === "string" ? Buffer.from(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data);
const settings = ({ level = 6 } = {}) => ({ level: level < 0 ? 6 : level, mtime: 0 });

function anyInflate(data) {
  if (data[0] === 0x1f && data[1] === 0x8b) return fflate.gunzipSync(data);
  return fflate.unzlibSync(data);
}

const methods = {
  gzip: (data, options) => fflate.gzipSync(data, settings(options)),
  gunzip: (data) => fflate.gunzipSync(data),
  deflate: (data, options) => fflate.zlibSync(data, settings(options)),
  inflate: (data) => fflate.unzlibSync(data),
  deflateRaw: (data, options) => fflate.deflateSync(data, settings(options)),
  inflateRaw: (data) => fflate.inflateSync(data),
  unzip: anyInflate,
};
const classes = {
  gzip: "Gzip", gunzip: "Gunzip", deflate: "Deflate", inflate: "Inflate", deflateRaw: "DeflateRaw",
  inflateRaw: "InflateRaw", unzip: "Unzip",
};

function once(method, data, options) {
  try {
    return Buffer.from(method(bytes(data), options));
  } catch (error) {
    throw Object.assign(new Error(error.message), { code: "Z_DATA_ERROR", errno: -3 });
  }
}

const constants = {
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5, Z_OK: 0, Z_STREAM_END: 1,
  Z_DATA_ERROR: -3, Z_BUF_ERROR: -5, Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1, Z_DEFAULT_STRATEGY: 0,
};
const zlib = { constants, ...constants };

for (const name of Object.keys(methods)) {
  const method = methods[name];
  zlib[name + "Sync"] = (data, options) => once(method, data, options);
  zlib[name] = (data, options, callback = options) => {
    queueMicrotask(() => {
      let result;
      try {
        result = once(method, data, options);
      } catch (error) {
        return callback(error);
      }
      callback(null, result);
    });
  };
  zlib[classes[name]] = class extends Transform {
    constructor(options) {
      super();
      Object.assign(this, { parts: [], options });
    }
    _transform(part, encoding, done) {
      this.parts.push(Buffer.isBuffer(part) ? part : Buffer.from(part, encoding));
      done();
    }
    _flush(done) {
      let result;
      try {
        result = once(method, Buffer.concat(this.parts), this.options);
      } catch (error) {
        return done(error);
      }
      done(null, result);
    }
    flush(kind, callback = kind) {
      if (typeof callback === "function") callback();
    }
    close() {
      this.destroy();
    }
  };
  zlib["create" + classes[name]] = (options) => new zlib[classes[name]](options);
}

module.exports = zlib;
