// Each of these goes deeper than the stack, or as deep as it is told to.
const nested = (depth, value = 1) => {
  for (let i = 0; i < depth; i++) value = { value };
  return value;
};
let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  plain: () => 1 + ways.plain(),
  asynchronous: async () => (await ways.asynchronous()) + 1,
  mutual: () => ways.mutualToo() + 1,
  mutualToo: () => ways.mutual() + 1,
  parse: (depth) => typeof JSON.parse("[".repeat(depth) + "]".repeat(depth)),
  stringify: (depth) => JSON.stringify(nested(depth)).length,
  ejsonStringify: (depth) => EJSON.stringify(nested(depth)).length,
  ejsonParse: (depth) => typeof EJSON.parse('{"a":'.repeat(depth) + "1" + "}".repeat(depth)),
  getter() {
    const object = {
      get deeper() {
        return this.deeper;
      },
    };
    return object.deeper;
  },
  proxy() {
    let proxy = {};
    for (let i = 0; i < 100000; i++) proxy = new Proxy(proxy, {});
    return proxy.anything;
  },
  toString() {
    const array = [];
    array.push(array, { toString: () => "" + array[1] });
    return String(array[1]);
  },
  toJSON: () => JSON.stringify({ toJSON: () => JSON.parse(ways.toJSON()) }),
  concat: (depth) => {
    let text = "";
    for (let i = 0; i < depth; i++) text = "a" + text + "b";
    return text.length;
  },
  flat: (depth) => {
    let list = [1];
    for (let i = 0; i < depth; i++) list = [list];
    return list.flat(Infinity).length;
  },
  source: (depth) => eval("(".repeat(depth) + "1" + ")".repeat(depth)),
  regexp: (depth) => new RegExp("(".repeat(depth) + "a" + ")".repeat(depth)).test("a"),
  bound: (depth) => {
    let bound = () => "called";
    for (let i = 0; i < depth; i++) bound = bound.bind(null);
    return bound();
  },
  wide() {
    const names = Array.from({ length: 4000 }, (_, i) => "v" + i);
    const deep = new Function("again", `let ${names.map((name) => name + " = 1").join(", ")}; return again(again) + v1;`);
    return deep(deep);
  },
  spread: (count) => Math.max(...new Array(count).fill(1)),
  log: (depth) => void console.log(nested(depth)),
  clone: (depth) => typeof structuredClone(nested(depth)),
  throws: (depth) => {
    throw nested(depth);
  },
  result: (depth) => nested(depth),
  free: (depth) => {
    nested(depth);
    return "freed";
  },
  /** How deep a plain function may go. */
  depth(limit) {
    let reached = 0;
    const deeper = () => {
      reached += 1;
      if (reached < limit) deeper();
      return reached;
    };
    return deeper();
  },
};

exports = function (way, argument) {
  calls += 1;
  return ways[way](argument);
};
