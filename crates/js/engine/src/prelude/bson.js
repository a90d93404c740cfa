// The global `BSON`: the types that JavaScript lacks (reference 5.3). Each is a function, so that apps may leave `new` out.
// The engine reads and writes the own fields of these objects; see `host.registerBson`.
(function (host, usher) {
  "use strict";

  /** Puts a value on the global object as the language's own globals are: not enumerable, replaceable. */
  usher.define = function (name, value) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  };

  /** Adds methods, getters included, that do not show when an object is listed. */
  function methods(target, members) {
    for (const name of Reflect.ownKeys(members)) {
      const member = Object.getOwnPropertyDescriptor(members, name);
      member.enumerable = false;
      Object.defineProperty(target, name, member);
    }
  }
  function type(constructor, name, members) {
    methods(constructor.prototype, { _bsontype: name });
    methods(constructor.prototype, members);
    return constructor;
  }
  usher.methods = methods;

  const isBytes = (value) => value instanceof Uint8Array || value instanceof ArrayBuffer;
  const asBytes = (value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value);
  const shown = (value) => (typeof value === "string" ? JSON.stringify(value) : Object.prototype.toString.call(value));
  const HEX = /^[0-9a-fA-F]{24}$/;

  // What makes an ObjectId unique: as in MongoDB's drivers five random bytes and a counter that starts anywhere. Both
  // belong to the call: they are drawn at the first use in it and never come from the snapshot.
  let random = "";
  let counter = 0;
  function generate(seconds) {
    host.touch();
    if (random === "") {
      const seed = host.random(8);
      random = host.hex(seed.slice(0, 5));
      counter = (seed[5] << 16) | (seed[6] << 8) | seed[7];
    }
    counter = (counter + 1) & 0xffffff;
    const time = (seconds === undefined ? Math.floor(Date.now() / 1000) : seconds) >>> 0;
    return time.toString(16).padStart(8, "0") + random + counter.toString(16).padStart(6, "0");
  }

  function hexOf(id) {
    if (id instanceof ObjectId) return id.hex;
    if (typeof id === "string" && HEX.test(id)) return id.toLowerCase();
    if (isBytes(id) && id.byteLength === 12) return host.hex(asBytes(id));
    if (id !== null && typeof id === "object" && typeof id.toHexString === "function") return hexOf(id.toHexString());
    return undefined;
  }
  function ObjectId(id) {
    if (!new.target) return new ObjectId(id);
    const hex = id === undefined || id === null ? generate() : hexOf(id);
    if (hex === undefined) {
      throw new Error(`invalid ObjectId: ${shown(id)} is neither a string of 24 hexadecimal digits nor 12 bytes`);
    }
    this.hex = hex;
  }
  type(ObjectId, "ObjectId", {
    get id() { return host.fromHex(this.hex); },
    equals(other) { return other !== undefined && other !== null && hexOf(other) === this.hex; },
    toString() { return this.hex; },
    toHexString() { return this.hex; },
    toJSON() { return this.hex; },
    getTimestamp() { return new Date(parseInt(this.hex.slice(0, 8), 16) * 1000); },
  });
  methods(ObjectId, {
    isValid: (id) => id !== undefined && id !== null && hexOf(id) !== undefined,
    createFromHexString: (hex) => new ObjectId(String(hex)),
    createFromTime: (seconds) => new ObjectId(((seconds >>> 0).toString(16).padStart(8, "0")) + "0".repeat(16)),
    generate: (seconds) => host.fromHex(generate(seconds)),
  });

  const big = (value) => (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
  function longOf(value) {
    const wrapped = BigInt.asIntN(64, value);
    return new Long(Number(BigInt.asIntN(32, wrapped)), Number(wrapped >> 32n));
  }
  function toBig(value) {
    if (value instanceof Long) return big(value);
    if (typeof value === "bigint") return value;
    if (typeof value === "string") {
      if (!/^[+-]?[0-9]+$/.test(value)) throw new Error(`invalid Long: ${shown(value)} is not a whole number`);
      return BigInt(value.replace(/^\+/, ""));
    }
    const number = Math.trunc(Number(value));
    if (Number.isNaN(number)) return 0n;
    return Math.abs(number) < 2 ** 63 ? BigInt(number) : number > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
  }
  /** A 64-bit integer: its two halves, or one number or decimal string. */
  function Long(low, high) {
    if (!new.target) return new Long(low, high);
    if (high === undefined && low !== undefined && low !== (low | 0)) return longOf(toBig(low));
    this.low = low | 0;
    this.high = high === undefined ? (this.low < 0 ? -1 : 0) : high | 0;
  }
  const arithmetic = {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => a * b,
    divide: (a, b) => a / b,
    modulo: (a, b) => a % b,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
  };
  const comparison = {
    equals: (a, b) => a === b,
    notEquals: (a, b) => a !== b,
    lessThan: (a, b) => a < b,
    lessThanOrEqual: (a, b) => a <= b,
    greaterThan: (a, b) => a > b,
    greaterThanOrEqual: (a, b) => a >= b,
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  };
  const short = {
    add: "add", subtract: "sub", multiply: "mul", divide: "div", modulo: "mod", equals: "eq", notEquals: "neq",
    lessThan: "lt", lessThanOrEqual: "lte", greaterThan: "gt", greaterThanOrEqual: "gte", compare: "comp",
  };
  const longMethods = {};
  for (const [table, wrap] of [[arithmetic, longOf], [comparison, (value) => value]]) {
    for (const name of Object.keys(table)) {
      const compute = table[name];
      const method = function (other) { return wrap(compute(big(this), toBig(other))); };
      longMethods[name] = method;
      if (short[name]) longMethods[short[name]] = method;
    }
  }
  type(Long, "Long", longMethods);
  methods(Long.prototype, {
    negate() { return longOf(-big(this)); },
    not() { return longOf(~big(this)); },
    shiftLeft(bits) { return longOf(big(this) << (toBig(bits) & 63n)); },
    shiftRight(bits) { return longOf(big(this) >> (toBig(bits) & 63n)); },
    isZero() { return this.low === 0 && this.high === 0; },
    isNegative() { return this.high < 0; },
    getLowBits() { return this.low; },
    getHighBits() { return this.high; },
    toInt() { return this.low; },
    toNumber() { return this.high * 4294967296 + (this.low >>> 0); },
    toBigInt() { return big(this); },
    toString(radix) { return big(this).toString(radix === undefined ? 10 : radix); },
    valueOf() { return this.toNumber(); },
    toJSON() { return this.toNumber(); },
  });
  methods(Long, {
    fromBits: (low, high) => new Long(low | 0, high | 0),
    fromInt: (value) => new Long(value | 0),
    fromNumber: (value) => longOf(toBig(Number(value))),
    fromBigInt: (value) => longOf(BigInt(value)),
    fromString: (text) => longOf(toBig(String(text))),
    isLong: (value) => value instanceof Long,
    ZERO: new Long(0, 0),
    ONE: new Long(1, 0),
    NEG_ONE: new Long(-1, -1),
    MAX_VALUE: new Long(-1, 0x7fffffff),
    MIN_VALUE: new Long(0, 0x80000000 | 0),
  });

  const numberMethods = {
    valueOf() { return this.value; },
    toString(radix) { return this.value.toString(radix); },
    toJSON() { return this.value; },
  };
  function Int32(value) {
    if (!new.target) return new Int32(value);
    this.value = +value | 0;
  }
  type(Int32, "Int32", numberMethods);
  function Double(value) {
    if (!new.target) return new Double(value);
    this.value = +value;
  }
  type(Double, "Double", numberMethods);

  function Decimal128(value) {
    if (!new.target) return new Decimal128(value);
    if (value instanceof Decimal128) this.bytes = value.bytes;
    else if (isBytes(value) && value.byteLength === 16) this.bytes = asBytes(value);
    else if (isBytes(value)) throw new Error("invalid Decimal128: it has 16 bytes");
    else this.bytes = host.decimalFromString(String(value));
  }
  type(Decimal128, "Decimal128", {
    toString() { return host.decimalToString(this.bytes); },
    toJSON() { return this.toString(); },
  });
  methods(Decimal128, { fromString: (text) => new Decimal128(String(text)) });

  const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  /** Bytes with a subtype: 0 is anything, 4 a UUID, 5 an MD5 digest. */
  function Binary(buffer, subType) {
    if (!new.target) return new Binary(buffer, subType);
    if (buffer instanceof Binary) this.buffer = buffer.buffer;
    else if (isBytes(buffer)) this.buffer = asBytes(buffer);
    else if (ArrayBuffer.isView(buffer)) this.buffer = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    else if (typeof buffer === "string") this.buffer = host.utf8(buffer);
    else if (Array.isArray(buffer)) this.buffer = Uint8Array.from(buffer);
    else if (buffer === undefined || buffer === null) this.buffer = new Uint8Array(0);
    else throw new Error(`invalid Binary: ${shown(buffer)} is neither bytes nor a string`);
    this.sub_type = subType === undefined ? 0 : subType & 0xff;
  }
  type(Binary, "Binary", {
    get length() { return this.buffer.length; },
    get position() { return this.buffer.length; },
    value() { return this.buffer; },
    text() { return host.text(this.buffer); },
    toHex() { return host.hex(this.buffer); },
    toBase64() { return host.base64(this.buffer); },
    toUUID() { return new UUID(this.buffer); },
    toString(encoding) {
      return encoding === "hex" ? this.toHex() : encoding === "base64" ? this.toBase64() : this.text();
    },
    toJSON() { return this.toBase64(); },
    equals(other) {
      const bytes = other instanceof Binary ? other.buffer : other;
      return isBytes(bytes) && bytes.byteLength === this.buffer.length && host.hex(asBytes(bytes)) === this.toHex();
    },
  });
  methods(Binary, {
    fromHex(hex, subType) {
      if (typeof hex !== "string" || !/^(?:[0-9a-fA-F]{2})*$/.test(hex)) {
        throw new Error(`invalid Binary: ${shown(hex)} is not an even number of hexadecimal digits`);
      }
      return new Binary(host.fromHex(hex), subType);
    },
    fromBase64(text, subType) {
      if (typeof text !== "string" || !BASE64.test(text)) {
        throw new Error(`invalid Binary: ${shown(text)} is not Base64 with its padding ("=" up to a multiple of four)`);
      }
      return new Binary(host.fromBase64(text), subType);
    },
    SUBTYPE_DEFAULT: 0,
    SUBTYPE_FUNCTION: 1,
    SUBTYPE_UUID: 4,
    SUBTYPE_MD5: 5,
    SUBTYPE_USER_DEFINED: 128,
  });

  /** A Binary of subtype 4 that shows as `8-4-4-4-12` digits. */
  function UUID(value) {
    if (!new.target) return new UUID(value);
    let bytes = value instanceof Binary ? value.buffer : value;
    if (value === undefined) {
      host.touch();
      bytes = host.random(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
    } else if (typeof value === "string" && /^[0-9a-fA-F]{32}$/.test(value.replace(/-/g, ""))) {
      bytes = host.fromHex(value.replace(/-/g, ""));
    } else if (!isBytes(bytes) || bytes.byteLength !== 16) {
      throw new Error(`invalid UUID: ${shown(value)} is neither 32 hexadecimal digits nor 16 bytes`);
    }
    this.buffer = asBytes(bytes);
    this.sub_type = 4;
  }
  UUID.prototype = Object.create(Binary.prototype);
  methods(UUID.prototype, {
    constructor: UUID,
    toHexString() { return this.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"); },
    toString() { return this.toHexString(); },
    toJSON() { return this.toHexString(); },
    toBinary() { return new Binary(this.buffer, 4); },
  });

  /** MongoDB's own clock: `low` is the increment, `high` the seconds. */
  function Timestamp(low, high) {
    if (!new.target) return new Timestamp(low, high);
    if (low !== null && typeof low === "object") {
      const long = "t" in low;
      high = long ? Number(low.t) : low.high;
      low = long ? Number(low.i) : low.low;
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
  }
  type(Timestamp, "Timestamp", {
    get t() { return this.high >>> 0; },
    get i() { return this.low >>> 0; },
    getLowBits() { return this.low | 0; },
    getHighBits() { return this.high | 0; },
    equals(other) { return other instanceof Timestamp && other.t === this.t && other.i === this.i; },
    toString() { return ((BigInt(this.t) << 32n) | BigInt(this.i)).toString(); },
    toJSON() { return this.toString(); },
  });
  methods(Timestamp, { fromBits: (low, high) => new Timestamp(low, high) });

  function MinKey() { return new.target ? this : new MinKey(); }
  type(MinKey, "MinKey", {});
  function MaxKey() { return new.target ? this : new MaxKey(); }
  type(MaxKey, "MaxKey", {});

  function BSONRegExp(pattern, options) {
    if (!new.target) return new BSONRegExp(pattern, options);
    this.pattern = pattern instanceof RegExp ? pattern.source : String(pattern);
    this.options = options === undefined ? "" : [...String(options)].sort().join("");
  }
  type(BSONRegExp, "BSONRegExp", { toString() { return `/${this.pattern}/${this.options}`; } });

  function BSONSymbol(value) {
    if (!new.target) return new BSONSymbol(value);
    this.value = String(value);
  }
  type(BSONSymbol, "BSONSymbol", numberMethods);

  function Code(code, scope) {
    if (!new.target) return new Code(code, scope);
    this.code = String(code);
    if (scope !== undefined && scope !== null) this.scope = scope;
  }
  type(Code, "Code", { toString() { return this.code; } });

  function DBPointer(namespace, oid) {
    if (!new.target) return new DBPointer(namespace, oid);
    this.namespace = String(namespace);
    this.oid = oid instanceof ObjectId ? oid : new ObjectId(oid);
  }
  type(DBPointer, "DBPointer", {});

  /** A reference by convention: in BSON it is a plain document. */
  function DBRef(collection, id, database, fields) {
    if (!new.target) return new DBRef(collection, id, database, fields);
    this.$ref = String(collection);
    this.$id = id;
    if (database) this.$db = String(database);
    Object.assign(this, fields);
  }

  const stored = {
    ObjectId, Long, Int32, Double, Decimal128, Binary, Timestamp, MinKey, MaxKey, BSONRegExp, BSONSymbol, Code, DBPointer,
  };
  host.registerBson(stored);
  const BSON = { ...stored, ObjectID: ObjectId, Symbol: BSONSymbol, DBRef, UUID };
  usher.bson = BSON;
  usher.define("BSON", BSON);
})
