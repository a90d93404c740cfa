// Looks for the engine's insides, and for more authority than the function has.
const everybodys = (from) => from.services.get("mongodb-atlas").db("e2e").collection("audit").find({}).toArray();

/** Lies to the prelude where it looks something up by the function's name. */
const lying = (from, to, then) => {
  const { get } = Map.prototype;
  Map.prototype.get = function (key) {
    return get.call(this, key === from ? to : key);
  };
  try {
    return then();
  } finally {
    Map.prototype.get = get;
  }
};

let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  names: () => ["usher", "host", "std", "os", "bjson", "scriptArgs", "print", "WebAssembly", "fetchLater", "Atomics", "Worker"]
    .filter((name) => typeof globalThis[name] !== "undefined"),
  binding: () => Object.keys(process.binding("usher")),
  otherBindings: () => ["fs", "natives", "os"].map((name) => {
    try {
      return String(process.binding(name));
    } catch (error) {
      return error.message;
    }
  }),
  bindingCrypto: () => Object.keys(process.binding("usher").crypto).sort(),
  actAsAudit: () => lying("internals", "admin/audit", () => everybodys(globalThis.context)),
  callTheFrames: () => {
    // Functions of frames belong to the engine's own code, too.
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (error, frames) => frames;
    const { stack: frames } = new Error();
    Error.prepareStackTrace = prepareStackTrace;
    const answers = [];
    for (const frame of Array.isArray(frames) ? frames : []) {
      for (const parts of [["admin/audit", []], [{ name: "admin/audit" }]]) {
        try {
          const inner = frame.getFunction();
          if (inner !== exports && inner !== ways.callTheFrames) answers.push(inner(...parts));
        } catch {
          // Refused.
        }
      }
    }
    return Promise.allSettled(answers).then((all) => all.map(({ reason, value }) => (reason ? reason.code : value)));
  },
  runAuditHere: () => {
    // The callee runs in this instance where the engine is lied to about what it is allowed.
    const { get } = Map.prototype;
    Map.prototype.get = function (key) {
      const found = get.call(this, key);
      if (key === "admin/audit" && found && "authority" in found) {
        found.authority = 0;
        found.system = false;
        const mine = get.call(this, "internals");
        if (mine) found.authority = mine.authority;
      }
      return found;
    };
    return context.functions.execute("admin/audit");
  },
  collection: (database, collection) =>
    context.services.get("mongodb-atlas").db(database).collection(collection).find({}).toArray(),
  dataSource: () => context.services.get("mongodb-atlas\0admin"),
  evaluated: () => [typeof eval("context.user.id"), typeof new Function("return context.user.id")(), (0, eval)("typeof host")],
  privates: () => {
    const client = context.services.get("mongodb-atlas");
    const collection = client.db("e2e").collection("custom_data");
    return [client, collection, context].map((each) => Reflect.ownKeys(each).length);
  },
  borrowed: () => {
    // A method called on something else must not take the private parts for granted.
    const collection = context.services.get("mongodb-atlas").db("e2e").collection("custom_data");
    const results = [];
    for (const target of [{}, Object.create(collection), new Proxy(collection, {})]) {
      try {
        const answer = collection.find.call(target, {});
        results.push(typeof answer.toArray);
      } catch (error) {
        results.push(error.name);
      }
    }
    return results;
  },
};

exports = function (way, ...rest) {
  calls += 1;
  return ways[way](...rest);
};
