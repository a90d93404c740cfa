const text = async (what) => {
  try {
    return { value: await what() };
  } catch (error) {
    return { error: String(error) };
  }
};

exports = async function () {
  return {
    service: typeof context.services.get("nothing"),
    member: typeof context.function,
    customData: typeof context.user.customData,
    auth: typeof context.auth,
    misspelt: typeof context.functions.excute,
    noService: await text(() => context.services.get("nothing").db("a")),
    noMember: await text(() => context.function.execute("a")),
    noLogin: await text(() => context.auth.login("a")),
    noExecute: await text(() => context.functions.excute("a")),
    noVariable: await text(() => unheardOf),
    ofNull: await text(() => null.x),
    unknownFunction: await text(() => context.functions.execute("no/such")),
    noDatabase: await text(() => context.services.get("mongodb-atlas").db()),
  };
};
