const tool = {
  base: 20,
  add(number) {
    return this.base + number;
  },
};

exports = function (number) {
  // Sloppy: `this` is the global object.
  this.seen = number;
  return { global: this === globalThis, seen: seen, tool: tool.add(number), deleted: delete tool.base };
};
