const mongodb = context.services.get("mongodb-atlas");
const accounts = () => mongodb.db("shop").collection("accounts");
const all = () => accounts().find({}).sort({ _id: 1 }).toArray();

async function fill() {
  await accounts().deleteMany({});
  await accounts().insertMany([{ _id: "a", amount: 10 }, { _id: "b", amount: 0 }]);
}
async function move(session, amount) {
  await accounts().updateOne({ _id: "a" }, { $inc: { amount: -amount } }, { session });
  await accounts().updateOne({ _id: "b" }, { $inc: { amount } }, { session });
}

const cases = {
  async commit() {
    const session = mongodb.startSession();
    session.startTransaction();
    await move(session, 4);
    const inside = await accounts().findOne({ _id: "a" }, { amount: 1, _id: 0 }, { session });
    await session.commitTransaction();
    session.endSession();
    return { inside, all: await all() };
  },
  async abort() {
    const session = mongodb.startSession();
    session.startTransaction();
    await move(session, 4);
    await session.abortTransaction();
    return all();
  },
  async leftOpen() {
    const session = mongodb.startSession();
    session.startTransaction();
    await move(session, 4);
    return "never committed";
  },
  async withTransaction() {
    const session = mongodb.startSession();
    const result = await session.withTransaction(async () => {
      await move(session, 3);
      return "moved";
    });
    return { result, all: await all() };
  },
  async withTransactionFailing() {
    const session = mongodb.startSession();
    let message;
    try {
      await session.withTransaction(async () => {
        await move(session, 3);
        throw new Error("changed my mind");
      });
    } catch (error) {
      message = error.message;
    }
    return { message, all: await all() };
  },
  async findInside() {
    const session = mongodb.startSession();
    session.startTransaction();
    await accounts().insertOne({ _id: "c", amount: 1 }, { session });
    const inside = await accounts().find({}, { session }).sort({ _id: 1 }).toArray();
    const summed = await accounts().aggregate([{ $group: { _id: null, sum: { $sum: "$amount" } } }], { session }).toArray();
    await session.abortTransaction();
    return { inside: inside.map(({ _id }) => _id), sum: summed[0].sum, after: await accounts().count() };
  },
  async committedTwice() {
    const session = mongodb.startSession();
    await session.withTransaction(() => accounts().updateOne({ _id: "a" }, { $inc: { amount: 1 } }, { session }));
    await session.commitTransaction();
    await session.endSession();
    return accounts().findOne({ _id: "a" });
  },
  async misuse() {
    const errors = [];
    const session = mongodb.startSession();
    for (const step of [() => session.commitTransaction(), () => { session.startTransaction(); session.startTransaction(); }]) {
      try {
        await step();
      } catch (error) {
        errors.push(error.message);
      }
    }
    await session.abortTransaction();
    return errors;
  },
};

exports = async (name) => {
  await fill();
  return cases[name]();
};
