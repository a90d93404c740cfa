// Changes what it was told about its caller, and asks again.
const mine = context.services.get("mongodb-atlas").db("e2e").collection("custom_data");
let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  own: async () => (await mine.find({}).toArray()).map((document) => document.user_id),
  otherId: async (id) => {
    context.user.id = id;
    return (await mine.find({}).toArray()).map((document) => document.user_id);
  },
  filterOther: async (id) => (await mine.find({ user_id: id }).toArray()).length,
  orFilter: async (id) => (await mine.find({ $or: [{ user_id: id }, {}] }).toArray()).length,
  takeOver: (id) => mine.updateOne({}, { $set: { user_id: id } }),
  insertOther: (id) => mine.insertOne({ user_id: id, forged: true }),
  system: () => {
    Object.defineProperty(context, "runningAsSystem", { value: () => true });
    context.user.type = "system";
    return mine.count({});
  },
  executeSystem: (way, ...rest) => context.functions.execute("admin/everything", way, ...rest),
  // What a system function gives back is data: nothing of its authority comes with it.
  handleFromSystem: async () => {
    const handle = await context.functions.execute("admin/everything", "handle");
    return { type: typeof handle, find: typeof (handle && handle.find) };
  },
  changeArgument: async () => {
    const argument = { list: [1] };
    await context.functions.execute("admin/everything", "changes", argument);
    return argument;
  },
  callbackToSystem: async () => {
    const given = await context.functions.execute("admin/everything", "calls", () => "called back");
    return given;
  },
  protoArgument: (argument) => [argument.admin === undefined, Object.keys(argument), {}.admin === undefined],
  protoDocument: async () => {
    await mine.updateOne({ user_id: context.user.id }, { $set: { note: JSON.parse('{"__proto__": {"admin": true}}') } }, { upsert: true });
    const { note } = await mine.findOne({ user_id: context.user.id });
    return [note.admin === undefined, Object.keys(note)];
  },
};

exports = function (way, ...rest) {
  calls += 1;
  return ways[way](...rest);
};
