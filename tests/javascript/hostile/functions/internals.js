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

const ways = {
  names: () => ["usher", "host", "require_", "std", "os", "bjson", "scriptArgs", "print", "WebAssembly", "fetchLater", "Atomics", "SharedArrayBuffer", "Worker"]
    .filter((name) => typeof globalThis[name] !== "undefined"),
  closures() {
    // Sloppy functions and stack frames are ways in other engines to the code that called.
    const found = [];
    const callers = (function () {
      try {
        return arguments.callee.caller;
      } catch {
        return null;
      }
    })();
    if (callers) found.push("caller");
    Error.prepareStackTrace = (error, frames) => frames;
    const { stack } = new Error();
    if (Array.isArray(stack)) {
      for (const frame of stack) {
        for (const name of ["getFunction", "getThis"]) {
          if (typeof frame[name] === "function" && frame[name]() !== undefined && frame[name]() !== null) found.push(name);
        }
      }
    }
    return found;
  },
  binding: () => Object.keys(process.binding("usher")),
  otherBindings: () => ["fs", "natives", "os"].map((name) => {
    try {
      return String(process.binding(name));
    } catch (error) {
      return error.message;
    }
  }),
  bindingCrypto: () => Object.keys(process.binding("usher").crypto).sort(),
  actAsAudit: () => lying("internals", "admin/audit", () => everybodys(context)),
  executeAsAudit: async () => lying("admin/audit", "well_behaved", () => typeof context.functions.execute("admin/audit")),
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

exports = (way, ...rest) => ways[way](...rest);
