// A Long that fits is a number like any other.
exports = (one) => {
  let found = "none";
  switch (one) {
    case 1:
      found = "one";
  }
  return {
    found, same: one === 1, type: typeof one, text: `${one}`, json: JSON.stringify({ one }), whole: Number.isInteger(one),
    map: new Map([[1, "a"]]).get(one), set: new Set([1, one]).size, item: ["a", "b"][one], property: { 1: "x" }[one],
    index: [5, 1].indexOf(one), sliced: "abc".slice(one), repeated: "ab".repeat(one), bits: one | 0, length: new Array(one).length,
    keys: Object.keys({ [one]: true }), big: BigInt(one) === 1n, least: Math.min(one, 5) === 1, date: new Date(one).getTime() === 1,
  };
};
