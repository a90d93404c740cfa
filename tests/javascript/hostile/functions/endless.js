// Each of these never ends by itself.
let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  loop() {
    for (;;);
  },
  microtasks() {
    const again = () => void Promise.resolve().then(again);
    again();
    return new Promise(() => {});
  },
  forgottenMicrotasks() {
    const again = () => void Promise.resolve().then(again);
    again();
    return "the result comes first, and the chain goes on behind it";
  },
  asyncLoop: async () => {
    for (;;) await null;
  },
  timers: () =>
    new Promise(() => {
      const again = () => setTimeout(again, 0);
      again();
    }),
  interval: () => new Promise(() => setInterval(() => {}, 20)),
  oneLongTimer: () => new Promise((resolve) => setTimeout(resolve, 3600000)),
  regexp: () => /^(a+)+$/.test("a".repeat(64) + "!"),
  regexpReplace: () => ("x".repeat(40) + "y").replace(/(x+x+)+z/g, ""),
  generator() {
    const naturals = function* () {
      for (;;) yield 1;
    };
    for (const one of naturals()) if (one > 1) return one;
  },
  sort: () => [2, 1].sort(() => ways.loop()),
  finallyLoop() {
    for (;;) {
      try {
        throw new Error("again");
      } finally {
        continue;
      }
    }
  },
  bigNumbers() {
    let product = 3n;
    for (;;) product = (product * product) % (1n << 200000n);
  },
  thenable: () => ({ then: () => ways.loop() }),
  getterOfResult: () => ({
    get value() {
      return ways.loop();
    },
  }),
  toBsonOfResult() {
    class Odd {
      toBSON() {
        return ways.loop();
      }
    }
    return new Odd();
  },
  laughs() {
    let laughs = ["lol"];
    for (let i = 0; i < 60; i++) laughs = [laughs, laughs];
    return laughs;
  },
  thenOfItself() {
    const itself = { then: (resolve) => resolve(itself) };
    return itself;
  },
  valueOfResult: () => Object.assign(Object.create({ _bsontype: "Int32" }), { valueOf: () => ways.loop() }),
  proxyOfResult: () => new Proxy({}, { ownKeys: () => ways.loop() }),
  getterOfError() {
    throw Object.defineProperty(new Error("x"), "message", { get: () => ways.loop() });
  },
  getterOfFilter: () =>
    context.services.get("mongodb-atlas").db("e2e").collection("custom_data").findOne({
      get user_id() {
        return ways.loop();
      },
    }),
};

exports = function (way) {
  calls += 1;
  return ways[way]();
};
