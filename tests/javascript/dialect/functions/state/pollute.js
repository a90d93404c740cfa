const helper = { calls: 0 };

exports = () => {
  const before = {
    helper: helper.calls,
    object: typeof Object.prototype.polluted,
    includes: [1].includes(2),
    parse: JSON.parse("[1]"),
  };
  helper.calls++;
  Object.prototype.polluted = true;
  Array.prototype.includes = () => true;
  JSON.parse = () => "polluted";
  BSON.ObjectId.prototype.toString = () => "polluted";
  context.extra = true;
  return before;
};
