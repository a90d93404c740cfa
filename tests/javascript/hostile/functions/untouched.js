// Tells whether the world is as it was made: nothing that a call did may be left.
exports = async function () {
  const found = [];
  const expect = (what, holds) => holds || found.push(what);
  expect("Object.prototype", Object.keys(Object.prototype).length === 0 && {}.polluted === undefined);
  expect("Array.prototype.push", /native code/.test(Function.prototype.toString.call(Array.prototype.push)));
  expect("Promise.prototype.then", /native code/.test(Function.prototype.toString.call(Promise.prototype.then)));
  expect("JSON.parse", JSON.parse('{"a":1}').a === 1);
  expect("Date", new Date(0).getTime() === 0 && Date.now() > 1e12);
  expect("Map", /native code/.test(Function.prototype.toString.call(Map.prototype.get)));
  expect("Error", new Error("x").message === "x" && new Error("x").stack !== "polluted");
  expect("constructor", {}.constructor === Object && (() => {}).constructor === Function);
  expect("globals", typeof leaked === "undefined" && globalThis.polluted === undefined && typeof BSON.ObjectId === "function");
  expect("undeclared", typeof undeclared === "undefined");
  expect("context", context.user.polluted === undefined && context.user.type === "normal");
  expect("values", context.values.get("nothing") === undefined);
  expect("module state", state.calls++ === 0);
  expect("frozen", !Object.isFrozen(Object.prototype) && !Object.isFrozen(state));
  const text = await Promise.resolve("a").then((value) => value + "b");
  expect("promises", text === "ab");
  return found;
};
const state = { calls: 0 };
