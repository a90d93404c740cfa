exports = async function () {
  const execute = context.functions.execute;
  const live = execute("context/live", "Ada");
  const sync = execute("forms/plainFunction", 2, 3);
  const pending = execute("forms/asyncFunction", 2, 3);
  const secret = execute("context/privateOne", [1, 2]);
  let caught;
  try {
    execute("errors/custom");
  } catch (error) {
    caught = { name: error.name, message: error.message, own: error.own, isError: error instanceof Error };
  }
  let doubled;
  execute("context/takesFunction", (number) => (doubled = number * 2));
  return {
    sync, isPromise: pending instanceof Promise, resolved: await pending, secret, caught, doubled,
    live: { name: live.hello(), kind: live.constructor.name, sum: await live.later },
    none: typeof execute("context/nothing"),
    viaSpread: execute(...["forms/plainFunction", 4, 5]),
    user: execute("context/whoCalls"),
  };
};
