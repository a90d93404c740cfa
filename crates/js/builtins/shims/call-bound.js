// `callBound("RegExp.prototype.exec")` is that method with its `this` as first argument.
module.exports = function callBound(name, allowMissing) {
  const parts = name.replace(/^%|%$/g, "").split(".");
  const found = parts.reduce((value, part) => (value == null ? undefined : value[part]), globalThis);
  if (found === undefined && !allowMissing) throw new TypeError(`intrinsic ${name} does not exist`);
  return typeof found === "function" && parts.includes("prototype") ? Function.prototype.call.bind(found) : found;
};
