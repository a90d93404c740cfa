const notes = () => context.services.get("mongodb-atlas").db("shop").collection("notes");
const all = () => notes().find({}).sort({ _id: 1 }).toArray();

const cases = {
  async clear() { return notes().deleteMany({}); },
  async insertOne() { return { own: await notes().insertOne({ _id: "own" }), made: await notes().insertOne({ a: 1 }) }; },
  async insertMany() { return notes().insertMany([{ _id: 1, n: 1 }, { _id: 2, n: 2 }, { _id: 3, n: 3 }]); },
  insertNothing: () => notes().insertMany([]),
  async unordered() {
    try {
      await notes().insertMany([{ _id: 1 }, { _id: 10 }], { ordered: false });
    } catch (error) {
      return { message: error.message, there: await notes().count({ _id: 10 }) };
    }
  },
  updateOne: () => notes().updateOne({ _id: 1 }, { $set: { n: 10 }, $push: { list: "a" } }),
  updateNone: () => notes().updateOne({ _id: 99 }, { $set: { n: 10 } }),
  upsert: () => notes().updateOne({ _id: "new" }, { $setOnInsert: { n: 0 }, $inc: { hits: 1 } }, { upsert: true }),
  updateMany: () => notes().updateMany({ _id: { $in: [2, 3] } }, { $inc: { n: 1 } }),
  pipeline: () => notes().updateOne({ _id: 2 }, [{ $set: { double: { $multiply: ["$n", 2] } } }]),
  plain: () => notes().updateOne({ _id: 2 }, { replaced: true }),
  plainMany: () => notes().updateMany({ _id: { $in: [2, 3] } }, { text: "$not a path" }),
  plainUpsert: () => notes().updateOne({ _id: "plain" }, { a: 1 }, { upsert: true }),
  mixed: () => notes().updateOne({ _id: 1 }, { $set: { a: 1 }, b: 2 }),
  unknownModifier: () => notes().updateOne({ _id: 1 }, { $who: { a: 1 } }),
  async arrayFilters() {
    await notes().insertOne({ _id: "lists", marks: [{ n: 1, ok: false }, { n: 5, ok: false }] });
    const result = await notes().updateOne({ _id: "lists" }, { $set: { "marks.$[high].ok": true } }, { arrayFilters: [{ "high.n": { $gt: 3 } }] });
    return { result, marks: (await notes().findOne({ _id: "lists" })).marks };
  },
  replaceOne: () => notes().replaceOne({ _id: 1 }, { replaced: 1 }),
  replaceOperators: () => notes().replaceOne({ _id: 1 }, { $set: { a: 1 } }),
  async findOneAndUpdate() {
    return {
      before: await notes().findOneAndUpdate({ _id: 3 }, { $set: { n: 30 } }),
      after: await notes().findOneAndUpdate({ _id: 3 }, { $inc: { n: 1 } }, { returnNewDocument: true }),
      projected: await notes().findOneAndUpdate({ _id: 3 }, { $inc: { n: 1 } }, { returnNewDocument: true, projection: { n: 1, _id: 0 } }),
      // As in the service, an option of another driver changes nothing.
      ignored: await notes().findOneAndUpdate({ _id: 3 }, { $inc: { n: 1 } }, { new: true }),
      none: await notes().findOneAndUpdate({ _id: 99 }, { $inc: { n: 1 } }),
      upserted: await notes().findOneAndUpdate({ _id: 50 }, { $inc: { n: 1 } }, { upsert: true }),
      upsertedNew: await notes().findOneAndUpdate({ _id: 51 }, { $inc: { n: 1 } }, { upsert: true, returnNewDocument: true }),
      sorted: await notes().findOneAndUpdate({ _id: { $gte: 50 } }, { $set: { last: true } }, { sort: { _id: -1 }, returnNewDocument: true }),
    };
  },
  async findOneAndReplace() {
    return {
      before: await notes().findOneAndReplace({ _id: 50 }, { a: 1 }),
      after: await notes().findOneAndReplace({ _id: 50 }, { b: 1 }, { returnNewDocument: true }),
    };
  },
  async findOneAndDelete() {
    return { deleted: await notes().findOneAndDelete({ _id: 51 }, { projection: { _id: 1 } }), none: await notes().findOneAndDelete({ _id: 51 }) };
  },
  deleteOne: () => notes().deleteOne({ _id: 50 }),
  deleteMany: () => notes().deleteMany({ _id: { $in: [2, 3] } }),
  deleteWithoutQuery: () => notes().deleteMany(),
  async bulkWrite() {
    const result = await notes().bulkWrite([
      { insertOne: { document: { _id: "b1" } } },
      { insertOne: { document: { _id: "b2" } } },
      { updateOne: { filter: { _id: "b1" }, update: { $set: { n: 1 } } } },
      { updateMany: { filter: { _id: /^b/ }, update: { $set: { all: true } } } },
      { replaceOne: { filter: { _id: "b2" }, replacement: { n: 2 } } },
      { updateOne: { filter: { _id: "b3" }, update: { $set: { n: 3 } }, upsert: true } },
      { deleteOne: { filter: { _id: "b1" } } },
    ]);
    return { result, left: await notes().find({ _id: /^b/ }).sort({ _id: 1 }).toArray() };
  },
  all,

  // Nobody awaits these.
  unawaited(mark) {
    notes().insertOne({ _id: mark });
    return "sent";
  },
  unawaitedChain(mark) {
    notes().insertOne({ _id: mark }).then(() => notes().updateOne({ _id: mark }, { $set: { chained: true } }));
  },
  async unawaitedThenThrown(mark) {
    notes().insertOne({ _id: mark });
    throw new Error("after a write that nobody awaits");
  },
  unawaitedFailure() {
    notes().insertOne({ _id: "twice" });
    notes().insertOne({ _id: "twice" });
    return "sent";
  },
  async unawaitedFind() {
    const found = notes().findOne({ _id: "nowhere" });
    return { truthy: !!found, value: found };
  },
};

exports = (name, ...parts) => cases[name](...parts);
