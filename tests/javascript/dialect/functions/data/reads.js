const shop = () => context.services.get("mongodb-atlas").db("shop");
const items = () => shop().collection("items");
const byName = { name: 1 };

const cases = {
  async fill() {
    await items().deleteMany({});
    return items().insertMany([
      { _id: 1, name: "apple", price: 3, tags: ["red", "fruit"], stock: BSON.Long(7) },
      { _id: 2, name: "bread", price: 2, tags: ["food"] },
      { _id: 3, name: "cherry", price: 5, tags: ["red", "fruit"] },
      { _id: 4, name: "dates", price: 5, tags: ["fruit"] },
    ]);
  },
  findOne: () => items().findOne({ name: "apple" }),
  findOneNone: () => items().findOne({ name: "zebra" }),
  findOneNoQuery: () => items().findOne(),
  findOneNull: () => items().findOne(null),
  findOneBare: () => items().findOne({ name: "apple" }, { name: 1, _id: 0 }),
  findOneExclusion: () => items().findOne({ name: "apple" }, { tags: 0, stock: 0 }),
  findOneDriver: () => items().findOne({ name: "apple" }, { projection: { name: 1 } }),
  findOneThird: () => items().findOne({}, { name: 1, _id: 0 }, { sort: { price: -1, name: -1 } }),
  findOneSkip: () => items().findOne({}, { projection: { name: 1, _id: 0 }, sort: byName, skip: 1 }),
  findOneBsonId: () => items().findOne({ _id: BSON.Int32(2) }, { name: 1, _id: 0 }),
  findBare: () => items().find({ price: 5 }, { name: 1, _id: 0 }).sort(byName).toArray(),
  findDriver: () => items().find({}, { projection: { name: 1, _id: 0 }, sort: byName, limit: 2, skip: 1 }).toArray(),
  findThird: () => items().find({}, { name: 1, _id: 0 }, { sort: { name: -1 }, limit: 1 }).toArray(),
  findNothing: () => items().find().sort({ _id: 1 }).toArray(),
  findCollation: () => items().find({ name: "APPLE" }, { _id: 1 }, { collation: { locale: "en", strength: 2 } }).toArray(),
  // A field that is called like an option.
  projectionNamedLikeOption: () => items().findOne({ name: "apple" }, { limit: 1, name: 1 }),
  chain: () => items().find({}, { name: 1, _id: 0 }).sort({ name: -1 }).skip(1).limit(2).toArray(),
  regex: () => items().find({ name: /^[ab]/ }, { _id: 1 }).sort({ _id: 1 }).toArray(),
  operator: () => items().find({ tags: { $all: ["red"] }, price: { $gte: 4 } }).toArray(),

  async next() {
    const cursor = items().find({}, { name: 1, _id: 0 }).sort(byName).limit(2);
    const all = [await cursor.next(), await cursor.next(), await cursor.next()];
    return { all, more: await cursor.hasNext() };
  },
  async forEach() {
    const names = [];
    await items().find({}).sort(byName).forEach((item) => { names.push(item.name); });
    return names;
  },
  async iterate() {
    const names = [];
    for await (const item of items().find({}).sort(byName)) {
      names.push(item.name);
      if (names.length === 3) break;
    }
    return names;
  },
  async awaited() {
    const cursor = await items().find({ price: 5 }).sort(byName);
    const array = await cursor.toArray();
    return array.map((item) => item.name);
  },
  async mapped() { return items().find({}).sort(byName).map((item) => item.name).toArray(); },
  async cursorCount() { return items().find({ price: 5 }).count(); },
  async changedTooLate() {
    const cursor = items().find({});
    await cursor.next();
    return cursor.limit(1);
  },
  // Cursors that nobody reads.
  returned: () => items().find({ price: 5 }, { name: 1, _id: 0 }).sort(byName),
  async returnedAwaited() { return await items().find({ price: 5 }, { name: 1, _id: 0 }).limit(1).sort(byName); },
  async inVariable() { const found = items().find({ price: 2 }, { name: 1, _id: 0 }); return found; },
  nested: () => ({ found: { here: items().find({ price: 2 }, { name: 1, _id: 0 }) }, list: [items().aggregate([{ $count: "all" }])] }),
  aggregateReturned: () => items().aggregate([{ $match: { price: 5 } }, { $project: { _id: 1 } }, { $sort: { _id: 1 } }]),
  async manyBatches() {
    const many = shop().collection("many");
    await many.deleteMany({});
    await many.insertMany(Array.from({ length: 350 }, (_, index) => ({ _id: index })));
    const all = await many.find({}).sort({ _id: 1 }).toArray();
    return { length: all.length, last: all[349]._id, sum: all.reduce((sum, { _id }) => sum + _id, 0) };
  },

  aggregate: () => items().aggregate([
    { $unwind: "$tags" }, { $group: { _id: "$tags", total: { $sum: "$price" }, count: { $sum: 1 } } }, { $sort: { _id: 1 } },
  ]).toArray(),
  async aggregateNext() { return items().aggregate([{ $sort: byName }, { $limit: 1 }, { $project: byName }]).next(); },
  count: async () => [await items().count(), await items().count({ price: 5 }), await items().count({}, { limit: 3 })],
  distinct: async () => [(await items().distinct("tags")).sort(), await items().distinct("name", { price: 2 })],
  async lookup() {
    const orders = shop().collection("orders");
    await orders.deleteMany({});
    await orders.insertMany([{ _id: 1, item: 1, amount: 2 }, { _id: 2, item: 3, amount: 1 }]);
    return orders.aggregate([
      { $lookup: { from: "items", localField: "item", foreignField: "_id", as: "found" } },
      { $unwind: "$found" }, { $project: { amount: 1, name: "$found.name" } }, { $sort: { _id: 1 } },
    ]).toArray();
  },
  lookupElsewhere: () => items().aggregate([{ $lookup: { from: "hidden", localField: "_id", foreignField: "_id", as: "found" } }]).toArray(),
  async merge() {
    const sums = shop().collection("sums");
    await sums.deleteMany({});
    // Nobody iterates this.
    items().aggregate([{ $group: { _id: "$price", count: { $sum: 1 } } }, { $merge: { into: "sums" } }]);
    return "started";
  },
  async mergeAwaited() {
    const sums = shop().collection("sums");
    await sums.deleteMany({});
    await items().aggregate([{ $group: { _id: "$price", count: { $sum: 1 } } }, { $merge: { into: "sums" } }]);
    return sums.find({}).sort({ _id: 1 }).toArray();
  },
  async out() {
    await items().aggregate([{ $match: { price: 5 } }, { $project: { name: 1 } }, { $out: "sums" }]);
    return shop().collection("sums").find({}).sort({ _id: 1 }).toArray();
  },
  mergeElsewhere: () => items().aggregate([{ $merge: { into: "hidden" } }]).toArray(),
  hidden: () => shop().collection("hidden").findOne({}),
  otherDatabase: () => context.services.get("mongodb-atlas").db("elsewhere").collection("items").findOne({}),
  badOperator: () => items().findOne({ name: { $who: 1 } }),
  undefinedInQuery: () => items().findOne({ name: undefined }),
  async caught() {
    try {
      await items().insertOne({ _id: 1 });
    } catch (error) {
      return { message: error.message, name: error.name, isError: error instanceof Error, text: String(error) };
    }
  },
  uncaught: () => items().insertOne({ _id: 1 }),
};

exports = (name, ...parts) => cases[name](...parts);
