// From a user's authority to the system's: another instance, values and no live objects.
exports = async function () {
  globalHere = true;
  const answer = context.functions.execute("context/whoCallsSystem");
  const echoed = await context.functions.execute("context/echoSystem", { id: BSON.ObjectId("5f00000000000000000000ab"), when: new Date(5), method() {} });
  let caught;
  try {
    await context.functions.execute("context/failSystem");
  } catch (error) {
    caught = { message: error.message, isError: error instanceof Error };
  }
  return {
    isPromise: answer instanceof Promise,
    who: await answer,
    echoed: { id: echoed.id instanceof BSON.ObjectId, when: echoed.when instanceof Date, keys: Object.keys(echoed) },
    global: await context.functions.execute("context/globalSystem"),
    caught,
  };
};
