// Results that cannot be what a function returns, and some that can.
let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  circular() {
    const circle = { name: "round" };
    circle.self = circle;
    return circle;
  },
  circularArray() {
    const circle = [];
    circle.push({ circle });
    return circle;
  },
  large: () => "x".repeat(17000000),
  nearlyTooLarge: () => "x".repeat(12000000),
  manyLarge: () => new Array(30).fill("x".repeat(1000000)),
  wide: () => new Array(3000000).fill(0),
  neverSettles: () => new Promise(() => {}),
  thenNeverCalls: () => ({ then() {} }),
  nestedNeverSettles: () => ({ deep: [new Promise(() => {})] }),
  thenThrows: () => ({
    then() {
      throw new Error("no answer");
    },
  }),
  proxy: () => new Proxy({ a: 1 }, {}),
  proxyOfArray: () => new Proxy([1, 2], {}),
  revoked() {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  revokedInside: () => ({ inside: ways.revoked() }),
  revokedArray() {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return { list: proxy };
  },
  proxyThatThrows: () =>
    new Proxy({}, {
      get() {
        throw new Error("hands off");
      },
    }),
  proxyOfPrototype: () =>
    new Proxy({}, {
      getPrototypeOf() {
        throw new Error("no prototype");
      },
    }),
  detached() {
    const bytes = new Uint8Array([1, 2, 3]);
    structuredCloneAway(bytes.buffer);
    return { bytes, length: bytes.length };
  },
  shrunk() {
    const buffer = new ArrayBuffer(64, { maxByteLength: 1024 });
    const bytes = new Uint8Array(buffer, 8, 32);
    buffer.resize(16);
    return { bytes };
  },
  symbols: () => ({ [Symbol("secret")]: 1, shown: 2 }),
  symbol: () => Symbol("x"),
  symbolInside: () => ({ a: Symbol("x") }),
  getterThatThrows: () => ({
    get a() {
      throw new RangeError("not today");
    },
  }),
  getterThatGrows() {
    const object = {};
    Object.defineProperty(object, "first", {
      enumerable: true,
      get() {
        delete object.second;
        object.third = "added while it was read";
        return 1;
      },
    });
    object.second = 2;
    return object;
  },
  arrayThatShrinks() {
    const list = [0, 1, 2, 3];
    Object.defineProperty(list, 0, {
      enumerable: true,
      get() {
        list.length = 1;
        return "now short";
      },
    });
    return list;
  },
  sideEffect: () => ({
    get wrote() {
      context.services.get("mongodb-atlas").db("e2e").collection("custom_data")
        .updateOne({ user_id: context.user.id }, { $set: { from_getter: true } }, { upsert: true });
      return EJSON.parse(EJSON.stringify({ nested: BSON.Long.fromNumber(5) }));
    },
  }),
  endlessToBson() {
    class Odd {
      toBSON() {
        return new Odd();
      }
    }
    return new Odd();
  },
  falseTypes: () => ["ObjectId", "Long", "Decimal128", "Binary", "Timestamp", "Code", "DBPointer", "BSONRegExp"].map((type) => {
    try {
      return EJSON.stringify({ value: Object.assign(Object.create({ _bsontype: type }), { hex: "no", bytes: 1, buffer: {}, oid: 7 }) });
    } catch (error) {
      return error.name;
    }
  }),
  nulInKey: () => ({ "a\0b": 1 }),
  halfSurrogate() {
    console.log("cut in two: " + "😀".slice(0, 1));
    return { ["\udc00key"]: ["a\ud800", "\udc00x", "😀"], parsed: EJSON.parse('"\\u0041"') };
  },
  proto: () => JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}'),
  invalidDate: () => new Date(NaN),
  hugeBigInt: () => 2n ** 64n,
  largestBigInt: () => [2n ** 63n - 1n, -(2n ** 63n)],
  generator: () => (function* () {})(),
  weak: () => ({ a: new WeakMap(), b: new Map([[1, 2]]), c: new Set([1]) }),
  rejectsLater() {
    Promise.reject(new Error("nobody listens"));
    return "fine";
  },
  throwsNull() {
    throw null;
  },
  throwsUndefined() {
    throw undefined;
  },
  throwsProxy() {
    throw new Proxy(new Error("x"), {
      get() {
        throw new Error("even this");
      },
    });
  },
  throwsCircle() {
    throw ways.circular();
  },
  hugeError() {
    throw new Error("x".repeat(20000000));
  },
};
const structuredCloneAway = (buffer) => buffer.transfer();

exports = function (way) {
  calls += 1;
  return ways[way]();
};
