const nothing = () => {};
const cases = {
  undefined: () => undefined,
  nothing,
  null: () => null,
  nested: async () => ({ a: Promise.resolve(1), b: [Promise.resolve({ c: Promise.resolve(2) })], d: undefined, e: nothing }),
  aFunction: () => nothing,
  date: () => ({ valid: new Date(5), invalid: new Date(NaN) }),
  thenable: () => ({ then(resolve) { resolve("from a thenable"); } }),
  map: () => ({ map: new Map([["a", 1]]), set: new Set([1]) }),
  instance: () => new (class Point { constructor() { this.x = 1; } get sum() { return this.x + 1; } length() { return 2; } })(),
  error: () => new RangeError("as a value"),
  circle: () => { const circle = {}; circle.self = circle; return circle; },
  json: () => ({ toJSON: () => "ignored", x: 1 }),
  numbers: () => [1, -1, 2147483648, 2 ** 53, 1.5, -0, NaN, Infinity, 1e300, 4 / 2],
  symbol: () => ({ [Symbol("hidden")]: 1, shown: 2 }),
  hidden: () => Object.defineProperty({ shown: 1 }, "hidden", { value: 2, enumerable: false }),
  text: () => "Zoë 🦉 \u0000",
};

exports = (name) => cases[name]();
