// Too much of something that is allowed.
const mine = context.services.get("mongodb-atlas").db("e2e").collection("custom_data");
let calls = 0;
const ways = {
  /** Every call is the first. */
  fine: () => calls,
  log() {
    for (;;) console.log("flood ".repeat(100));
  },
  hugeLine: () => console.log("x".repeat(30000000)),
  operations() {
    for (let i = 0; i < 5000; i++) mine.findOne({});
    return "started";
  },
  awaited: async () => {
    for (let i = 0; i < 5000; i++) await mine.findOne({});
  },
  cursors: async () => {
    await mine.updateOne({ user_id: context.user.id }, { $set: { flooded: true } }, { upsert: true });
    const cursors = [];
    for (let i = 0; i < 600; i++) {
      const cursor = mine.aggregate([{ $match: {} }]);
      await cursor.hasNext();
      cursors.push(cursor);
    }
  },
  manyAtOnce: async (count) => (await Promise.all(Array.from({ length: count }, () => mine.count({})))).length,
  timers() {
    for (let i = 0; i < 1000000; i++) setTimeout(() => {}, 1000000);
    return "set";
  },
  rejections() {
    for (let i = 0; i < 2000; i++) Promise.reject(new Error("x".repeat(500)));
    return "rejected";
  },
  largeFilter: () => mine.findOne({ text: "x".repeat(17000000) }),
  manyLargeFilters: async () => {
    const text = "x".repeat(9000000);
    for (let i = 0; i < 100; i++) await mine.count({ text });
  },
  deepFilter: () => {
    let filter = { a: 1 };
    for (let i = 0; i < 150; i++) filter = { $and: [filter] };
    return mine.findOne(filter);
  },
  calls: () => context.functions.execute("flood", "calls"),
  crossings: async () => {
    for (let i = 0; i < 10000; i++) await context.functions.execute("admin/everything", "echo", i);
  },
  callsDeeper: (depth) => context.functions.execute("admin/everything", "callsFlood", depth),
  random: () => process.binding("usher").crypto.random(100000000).length,
  argument: (text) => text.length,
};

exports = function (way, argument) {
  calls += 1;
  return ways[way](argument);
};
