// As the caller: custom data, and of that the caller's own document.
const mongodb = () => context.services.get("mongodb-atlas");
const people = () => mongodb().db("dialect").collection("people");

const cases = {
  all: () => people().find({}).toArray(),
  of: (id) => people().findOne({ user_id: id }),
  count: (query) => people().count(query),
  changeOf: (id) => people().updateOne({ user_id: id }, { $set: { level: 99 } }),
  changeAll: () => people().updateMany({}, { $set: { level: 2 } }),
  deleteOf: (id) => people().deleteMany({ user_id: id }),
  become: (id) => people().updateOne({}, { $set: { user_id: id } }),
  insertFor: (id) => people().insertOne({ user_id: id }),
  or: (id) => people().find({ $or: [{ user_id: id }, {}] }).toArray(),
  facet: () => people().aggregate([{ $group: { _id: null, count: { $sum: 1 } } }]).toArray(),
  lookup: () => people().aggregate([{ $lookup: { from: "people", pipeline: [], as: "all" } }]).toArray(),
  other: () => mongodb().db("shop").collection("items").findOne({}),
  otherWrite: () => mongodb().db("shop").collection("items").insertOne({}),
  system: () => mongodb().db("usher").collection("users").findOne({}),
  transaction: async () => {
    const session = mongodb().startSession();
    return session.withTransaction(() => people().findOne({}, { user_id: 1, _id: 0 }, { session }));
  },
};

exports = (name, ...parts) => cases[name](...parts);
