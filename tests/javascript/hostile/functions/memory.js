// Each of these asks for more memory than there is.
let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  array() {
    const all = [];
    for (;;) all.push([1, 2, 3, 4]);
  },
  holes: () => new Array(4294967295).fill(7).length,
  doubling() {
    let text = "usher";
    const parts = [];
    for (;;) {
      text += text;
      parts.push(text.charCodeAt(text.length - 1));
    }
  },
  manyStrings() {
    const all = [];
    for (let i = 0; ; i++) all.push(("" + i).repeat(100000));
  },
  repeat: () => "usher".repeat(200000000).length,
  pad: () => "".padEnd(1000000000, "usher").length,
  join: () => new Array(1000000).join("a long separator of many characters, a million times, makes a hundred million").length,
  buffer: () => new ArrayBuffer(2000000000).byteLength,
  typed: () => new Float64Array(100000000).length,
  buffers() {
    const all = [];
    for (;;) all.push(new Uint8Array(1000000));
  },
  map() {
    const map = new Map();
    for (let i = 0; ; i++) map.set({}, i);
  },
  closures() {
    let chain = () => 0;
    for (;;) {
      const inner = chain;
      chain = () => inner;
    }
  },
  promises() {
    for (;;) new Promise(() => {}).then(() => {}) && ways.kept.push(Promise.resolve());
  },
  promiseChain() {
    // Each promise waits for the next.
    const again = () => Promise.resolve().then(again);
    return again();
  },
  generator() {
    const naturals = function* () {
      for (;;) yield 1;
    };
    return Math.max(...naturals());
  },
  caught() {
    for (;;) {
      try {
        ways.array();
      } catch {
        // A function that swallows every error cannot swallow this one.
      }
    }
  },
  regexp: () => /(?:(a)|(b)|(c))*$/.test("abc".repeat(5000000) + "d"),
  json: () => JSON.stringify(new Array(3000000).fill("0123456789")).length,
  parse: () => JSON.parse("[" + "[],".repeat(3000000) + "0]").length,
  crypto: () => process.binding("usher").crypto.pbkdf2("sha256", new Uint8Array(1), new Uint8Array(1), 1, 2000000000).length,
};
ways.kept = [];

exports = function (way) {
  calls += 1;
  return ways[way]();
};
