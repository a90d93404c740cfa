// Changes everything that it can reach. `check` tells whether anything of it is left.
const state = { calls: 0 };
const check = () => [
  state.calls,
  {}.polluted === undefined,
  globalThis.leaked === undefined,
  typeof undeclared === "undefined",
  [].push(1) === 1,
  JSON.parse("1") === 1,
  Number.isInteger(Date.now()),
  typeof context.functions.execute === "function",
];

exports = function (how) {
  if (how === "check") return check();
  const result = ways[how]();
  state.calls += 1;
  state[how] = true;
  return result;
};

const ways = {
  prototypes() {
    Object.prototype.polluted = "yes";
    Object.prototype.toBSON = () => "polluted";
    Object.prototype.get = () => "polluted";
    Object.prototype.value = "polluted";
    Array.prototype.push = () => 7;
    Array.prototype[0] = "polluted";
    Function.prototype.call = () => "polluted";
    Function.prototype.apply = () => "polluted";
    String.prototype.replace = () => "polluted";
    return "done";
  },
  promises() {
    const then = Promise.prototype.then;
    Promise.prototype.then = function (...parts) {
      return then.apply(this, parts);
    };
    Promise.resolve = () => "polluted";
    globalThis.Promise = class {};
    return "done";
  },
  builtins() {
    JSON.parse = () => "polluted";
    JSON.stringify = () => "polluted";
    globalThis.Date = function () {};
    Math.random = () => 4;
    Map.prototype.get = () => undefined;
    Map.prototype.set = () => undefined;
    Reflect.ownKeys = () => [];
    Object.keys = () => [];
    Error.prepareStackTrace = () => "polluted";
    globalThis.Error = class {};
    return "done";
  },
  globals() {
    globalThis.leaked = "yes";
    undeclared = "yes";
    globalThis.polluted = "yes";
    delete globalThis.EJSON;
    BSON.ObjectId = undefined;
    delete globalThis.BSON;
    globalThis.context = { user: "nobody" };
    console.log = () => {};
    delete process.binding;
    return "done";
  },
  constructors() {
    ({}).constructor.constructor("return this")().leaked = "yes";
    (() => {}).constructor.prototype.polluted = "yes";
    (async () => {}).constructor.prototype.polluted = "yes";
    new BSON.ObjectId().constructor.prototype.toHexString = () => "polluted";
    return "done";
  },
  frozen() {
    for (const each of [Object, Array, Function, Promise, Map, Error]) Object.freeze(each.prototype);
    Object.freeze(globalThis);
    return "done";
  },
  documents() {
    const merged = JSON.parse('{"__proto__": {"polluted": "yes"}}');
    const merge = (to, from) => {
      for (const key of Object.keys(from)) {
        if (typeof from[key] === "object" && typeof to[key] === "object") merge(to[key], from[key]);
        else to[key] = from[key];
      }
      return to;
    };
    merge({}, merged);
    return {}.polluted;
  },
  setters() {
    // Values from outside are put together while these watch, and put together others meanwhile.
    const set = () => EJSON.parse('{"a": {"$numberLong": "5"}}');
    for (const name of ["user_id", "hex", "low", "buffer"]) Object.defineProperty(Object.prototype, name, { set, configurable: true });
    EJSON.parse('{"user_id": 1, "id": {"$oid": "000000000000000000000000"}}');
    return "done";
  },
};
