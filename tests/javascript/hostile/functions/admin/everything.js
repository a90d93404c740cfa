// Runs as the system: it has all of custom data and nothing else.
const all = context.services.get("mongodb-atlas").db("e2e").collection("custom_data");
const ways = {
  count: () => all.count({}),
  echo: (value) => value,
  whoAmI: () => ({ id: context.user.id, type: context.user.type, system: context.runningAsSystem() }),
  handle: () => ({ find: (filter) => all.find(filter), all }),
  changes: (argument) => {
    argument.list.push(2);
    argument.changed = true;
  },
  calls: (callback) => typeof callback,
  /** Pretends to be the function that has other grants. */
  forge: () => {
    const { get } = Map.prototype;
    Map.prototype.get = function (key) {
      return get.call(this, key === "admin/everything" ? "admin/audit" : key);
    };
    return globalThis.context.services.get("mongodb-atlas").db("e2e").collection("audit").find({}).toArray();
  },
  read: (database, collection) =>
    context.services.get("mongodb-atlas").db(database).collection(collection).find({}).toArray(),
  callsFlood: (depth) => (depth > 0 ? context.functions.execute("flood", "callsDeeper", depth - 1) : "at the bottom"),
};

exports = (way, ...rest) => ways[way](...rest);
