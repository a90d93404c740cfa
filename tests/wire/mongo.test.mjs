// The MongoDB service for clients (reference 6), by realm-web where it has a call and by plain HTTP where it has none,
// under the rules of the app tests/javascript/rules (reference 6.1).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { BSON } from "realm-web";
import * as Realm from "realm-web";
import { realmError } from "./realm.mjs";
import { copyOf, run, start, temporary } from "./usher.mjs";

const DIRECTORY = copyOf("tests/javascript/rules");
let usher, ann, bob;

const data = (look) => usher.inDatabase((mongo) => look(mongo.db("main")));
const of = (user, collection) => user.mongoClient("mongodb-atlas").db("main").collection(collection);
const raw = async (user, name, argument, service = "mongodb-atlas", host = usher) => {
  const response = await fetch(`${host.url}/api/client/v2.0/app/rules/functions/call`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify({ name, service, arguments: argument === undefined ? [] : [argument] }),
  });
  return { status: response.status, body: await response.json() };
};
const main = (collection, more = {}) => ({ database: "main", collection, ...more });
const denied = (text) => realmError(400, "NoMatchingRuleFound", text);

/** A new anonymous user of an app of their own, so that several are logged in at once. */
const newUser = () => usher.app("rules").logIn(Realm.Credentials.anonymous(false));

before(async () => {
  usher = await start(["serve", "--app", DIRECTORY]);
  [ann, bob] = [await newUser(), await newUser()];
});
after(() => usher?.stop());

describe("every action of reference 6, by realm-web", () => {
  let open;
  before(() => {
    open = of(ann, "open");
  });
  beforeEach(async () => {
    await data((db) => db.collection("open").deleteMany({}));
    await data((db) => db.collection("open").insertMany([1, 2, 3].map((n) => ({ _id: n, n, name: `n${n}`, odd: n % 2 === 1 }))));
  });
  const stored = () => data((db) => db.collection("open").find().sort({ _id: 1 }).toArray());

  test("find, with query, projection, sort and limit", async () => {
    assert.deepEqual(await open.find(), await stored());
    assert.deepEqual(await open.find({ odd: true }), [
      { _id: 1, n: 1, name: "n1", odd: true },
      { _id: 3, n: 3, name: "n3", odd: true },
    ]);
    assert.deepEqual(await open.find({}, { projection: { n: 1, _id: 0 }, sort: { n: -1 }, limit: 2 }), [{ n: 3 }, { n: 2 }]);
    assert.deepEqual(await open.find({ n: 7 }), []);
  });

  test("find by the names that some clients give its options", async () => {
    const { body } = await raw(ann, "find", main("open", { query: {}, projection: { _id: 1 }, sort: { n: -1 }, skip: 1, limit: 1 }));
    assert.deepEqual(body, [{ _id: { $numberInt: "2" } }]);
    const one = await raw(ann, "findOne", main("open", { query: {}, projection: { n: 1, _id: 0 }, sort: { n: 1 }, skip: 2 }));
    assert.deepEqual(one.body, { n: { $numberInt: "3" } });
  });

  test("findOne gives a document or null", async () => {
    assert.deepEqual(await open.findOne({ n: 2 }), { _id: 2, n: 2, name: "n2", odd: false });
    assert.deepEqual(await open.findOne({}, { sort: { n: -1 }, projection: { n: 1 } }), { _id: 3, n: 3 });
    assert.equal(await open.findOne({ n: 7 }), null);
  });

  test("findOneAndUpdate: the old document, or the new one", async () => {
    assert.deepEqual(await open.findOneAndUpdate({ n: 1 }, { $set: { name: "one" } }), { _id: 1, n: 1, name: "n1", odd: true });
    const after = await open.findOneAndUpdate({ n: 1 }, { $inc: { n: 10 } }, { returnNewDocument: true, projection: { n: 1 } });
    assert.deepEqual(after, { _id: 1, n: 11 });
    assert.equal(await open.findOneAndUpdate({ n: 99 }, { $set: { name: "new" } }, { upsert: true }), null);
    assert.equal((await stored()).filter((one) => one.n === 99 && one.name === "new").length, 1);
    const first = await open.findOneAndUpdate({ _id: { $in: [1, 2, 3] } }, { $set: { last: true } }, { sort: { _id: -1 } });
    assert.equal(first._id, 3);
  });

  test("findOneAndReplace", async () => {
    assert.deepEqual(await open.findOneAndReplace({ n: 2 }, { fresh: true }), { _id: 2, n: 2, name: "n2", odd: false });
    assert.deepEqual((await stored())[1], { _id: 2, fresh: true });
    const after = await open.findOneAndReplace({ n: 3 }, { n: 4 }, { returnNewDocument: true });
    assert.deepEqual(after, { _id: 3, n: 4 });
    await assert.rejects(
      open.findOneAndReplace({ n: 1 }, { $set: { n: 2 } }),
      realmError(400, "FunctionExecutionError", "the replace operation document must not contain atomic operators"),
    );
  });

  test("findOneAndDelete, which realm-web sends as a findOneAndReplace without an update", async () => {
    assert.deepEqual(await open.findOneAndDelete({ n: 2 }), { _id: 2, n: 2, name: "n2", odd: false });
    assert.deepEqual((await stored()).map((one) => one.n), [1, 3]);
    const { status, body } = await raw(ann, "findOneAndDelete", main("open", { filter: {}, sort: { n: -1 }, projection: { n: 1 } }));
    assert.equal(status, 200);
    assert.deepEqual(body, { _id: { $numberInt: "3" }, n: { $numberInt: "3" } });
    assert.equal(await open.findOneAndDelete({ n: 77 }), null);
    await assert.rejects(
      open.findOneAndReplace({ n: 1 }, undefined, { returnNewDocument: true }),
      realmError(400, "FunctionExecutionError", "'update' is a required document"),
    );
    assert.deepEqual((await stored()).map((one) => one.n), [1]);
  });

  test("aggregate", async () => {
    const sums = await open.aggregate([{ $match: { n: { $gt: 1 } } }, { $group: { _id: null, sum: { $sum: "$n" } } }]);
    assert.deepEqual(sums, [{ _id: null, sum: 5 }]);
  });

  test("count is a 64-bit integer on the wire", async () => {
    assert.equal(await open.count(), 3);
    assert.equal(await open.count({ odd: true }), 2);
    assert.equal(await open.count({}, { limit: 1 }), 1);
    assert.deepEqual((await raw(ann, "count", main("open", { query: {} }))).body, { $numberLong: "3" });
  });

  test("insertOne makes an id where there is none", async () => {
    const { insertedId } = await open.insertOne({ n: 4 });
    assert.ok(insertedId instanceof BSON.ObjectId);
    assert.deepEqual(await open.insertOne({ _id: "own", n: 5 }), { insertedId: "own" });
    assert.equal((await stored()).length, 5);
  });

  test("insertMany answers ids in order, and wants at least one document", async () => {
    assert.deepEqual(await open.insertMany([{ _id: 8 }, { _id: "x" }, { _id: 6 }]), { insertedIds: [8, "x", 6] });
    await assert.rejects(open.insertMany([]), (error) => /must provide at least one element/.test(error.error));
    await assert.rejects(open.insertMany([{ _id: 1 }]), realmError(500, "MongoDBError", /Duplicate key error/));
    await assert.rejects(open.insertMany([{ _id: 9 }, { _id: 9 }, { _id: 10 }]), realmError(500, "MongoDBError", /Duplicate key error/));
    assert.deepEqual((await stored()).map((one) => one._id), [1, 2, 3, 6, 8, 9, "x"], "what stood before it stays, as it did");
  });

  test("updateOne and updateMany count with 32-bit integers", async () => {
    assert.deepEqual(await open.updateOne({ odd: true }, { $set: { seen: 1 } }), { matchedCount: 1, modifiedCount: 1 });
    assert.deepEqual(await open.updateMany({ odd: true }, { $set: { seen: 1 } }), { matchedCount: 2, modifiedCount: 1 });
    const { body } = await raw(ann, "updateMany", main("open", { query: {}, update: { $inc: { n: { $numberInt: "1" } } } }));
    assert.deepEqual(body, { matchedCount: { $numberInt: "3" }, modifiedCount: { $numberInt: "3" } });
  });

  test("an upsert names what it inserted", async () => {
    const done = await open.updateOne({ _id: 50 }, { $set: { n: 50 } }, { upsert: true });
    assert.deepEqual(done, { matchedCount: 0, modifiedCount: 0, upsertedId: 50 });
  });

  test("a plain document replaces, each of several, too (reference 6)", async () => {
    assert.deepEqual(await open.updateOne({ n: 1 }, { only: "this" }), { matchedCount: 1, modifiedCount: 1 });
    assert.deepEqual((await stored())[0], { _id: 1, only: "this" });
    assert.deepEqual(await open.updateMany({ n: { $in: [2, 3] } }, { all: "same" }), { matchedCount: 2, modifiedCount: 2 });
    assert.deepEqual((await stored()).slice(1), [{ _id: 2, all: "same" }, { _id: 3, all: "same" }]);
    await assert.rejects(open.updateOne({}, { $set: { a: 1 }, b: 2 }), (error) => /operator/.test(error.error));
  });

  test("an upsert of a plain document takes nothing but an id from the query (reference 6)", async () => {
    for (const [action, id] of [["updateOne", 70], ["updateMany", 71]]) {
      const done = await open[action]({ n: id }, { _id: id, name: "new", hiddenField: "yes" }, { upsert: true });
      assert.deepEqual(done, { matchedCount: 0, modifiedCount: 0, upsertedId: id });
      assert.deepEqual((await stored()).at(-1), { _id: id, name: "new", hiddenField: "yes" });
    }
    const made = await open.findOneAndReplace({ n: 72, _id: 72 }, { name: "new" }, { upsert: true, returnNewDocument: true });
    assert.deepEqual(made, { _id: 72, name: "new" });
  });

  test("arrayFilters", async () => {
    await data((db) => db.collection("open").insertOne({ _id: 9, list: [1, 5, 9] }));
    const { body } = await raw(ann, "updateOne", main("open", {
      query: { _id: { $numberInt: "9" } },
      update: { $set: { "list.$[big]": { $numberInt: "0" } } },
      arrayFilters: [{ big: { $gt: { $numberInt: "4" } } }],
    }));
    assert.equal(body.modifiedCount.$numberInt, "1");
    assert.deepEqual((await stored()).at(-1).list, [1, 0, 0]);
  });

  test("deleteOne and deleteMany", async () => {
    assert.deepEqual(await open.deleteOne({ odd: true }), { deletedCount: 1 });
    assert.deepEqual(await open.deleteMany({}), { deletedCount: 2 });
    assert.deepEqual((await raw(ann, "deleteMany", main("open", { query: {} }))).body, { deletedCount: { $numberInt: "0" } });
  });

  test("BSON types survive", async () => {
    const document = { _id: "types", at: new Date(0), id: new BSON.ObjectId(), long: BSON.Long.fromString("9007199254740993"), none: null };
    await open.insertOne(document);
    const [back] = await data((db) => db.collection("open").find({ _id: "types" }, { promoteLongs: false }).toArray());
    assert.deepEqual([back.at, back.id.toHexString(), back.long.toString()], [document.at, document.id.toHexString(), "9007199254740993"]);
    assert.equal((await raw(ann, "findOne", main("open", { query: { _id: "types" } }))).body.long.$numberLong, "9007199254740993");
  });
});

test("a large result takes memory for its text, not for its values", async () => {
  const list = Array.from({ length: 60 }, (_, n) => n);
  const number = 20_000;
  await data((db) => db.collection("open").deleteMany({}));
  for (let first = 0; first < number; first += 2_000) {
    await data((db) => db.collection("open").insertMany(Array.from({ length: 2_000 }, (_, n) => ({ _id: first + n, list }))));
  }
  // A host that has compiled nothing, which takes more memory the more processors there are.
  const host = await start(["serve", "--app", DIRECTORY, "--mongodb", usher.mongodb]);
  try {
    const { status, body } = await raw(ann, "find", main("open", { query: {} }), "mongodb-atlas", host);
    assert.deepEqual([status, body.length, body.at(-1).list.at(-1)], [200, number, { $numberInt: "59" }]);
    const most = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${host.pid}/status`, "utf8"))[1]);
    assert.ok(most < 350 * 1024, `${most} kB`);
  } finally {
    await host.stop();
    await data((db) => db.collection("open").deleteMany({}));
  }
});

describe("what is wrong with a call is said in the words that clients know", () => {
  const rows = [
    ["an unknown service", ["find", main("open"), "nowhere"], 400, "FunctionExecutionError", /Cannot access member 'find' of undefined/],
    ["an unknown action", ["explode", main("open")], 400, "FunctionExecutionError", /unknown action 'explode'/],
    ["no argument", ["find", undefined], 400, "BadRequest", /takes one argument/],
    ["a database that is an operator", ["find", { database: { $gt: "" }, collection: "open" }], 400, "FunctionExecutionError", /'database' must be a string/],
    ["no collection", ["find", { database: "main" }], 400, "FunctionExecutionError", /'collection' is a required string/],
    ["a query that is text", ["find", main("open", { query: "all" })], 400, "FunctionExecutionError", /'query' must be a document/],
    ["an unknown operator in a query", ["find", main("open", { query: { $who: 1 } })], 400, "FunctionExecutionError", /unknown top level operator: \$who/],
    ["an unknown stage", ["aggregate", main("open", { pipeline: [{ $who: 1 }] })], 400, "FunctionExecutionError", /Unrecognized pipeline stage name: '\$who'\./],
    ["an unknown modifier", ["updateOne", main("open", { query: {}, update: { $who: { a: 1 } } })], 400, "FunctionExecutionError", /Unknown modifier: \$who/],
    ["a pipeline that is no array", ["aggregate", main("open", { pipeline: {} })], 400, "FunctionExecutionError", /'pipeline' must be an array/],
    ["an update that is missing", ["updateOne", main("open", { query: {} })], 400, "FunctionExecutionError", /'update' is a required document/],
    ["a document that is text", ["insertOne", main("open", { document: "x" })], 400, "FunctionExecutionError", /'document' must be a document/],
    ["code in a query", ["find", main("open", { query: { $where: "true" } })], 400, "FunctionExecutionError", /\$where/],
    ["a join", ["aggregate", main("open", { pipeline: [{ $lookup: { from: "secrets", localField: "a", foreignField: "a", as: "x" } }] })], 400, "FunctionExecutionError", /\$lookup/],
    ["writing by a pipeline", ["aggregate", main("open", { pipeline: [{ $out: "stolen" }] })], 400, "FunctionExecutionError", /\$out/],
    ["more fields than a query names", ["count", main("open", { query: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`f${n}`, 1])) })], 400, "FunctionExecutionError", /names at most 1000 different fields/],
    ["more fields than a sort names", ["find", main("open", { sort: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`f${n}`, 1])) })], 400, "FunctionExecutionError", /names at most 1000 different fields/],
    ["a collection without rules", ["find", main("secrets")], 400, "NoMatchingRuleFound", /no rule exists for namespace 'main\.secrets'/],
    ["the system database", ["find", { database: "usher", collection: "users" }], 400, "NoMatchingRuleFound", /no rule exists/],
    ["a collection of MongoDB's own", ["find", { database: "main", collection: "system.profile" }], 400, "NoMatchingRuleFound", /no rule exists/],
  ];
  for (const [what, call, status, code, text] of rows) {
    test(what, async () => {
      const { status: got, body } = await raw(ann, ...call);
      assert.deepEqual([got, body.error_code], [status, code], body.error);
      assert.match(body.error, text);
      assert.match(body.link, /logs\?co_id=[0-9a-f]{24}$/);
    });
  }

  test("nobody who is not logged in reaches anything", async () => {
    const { status, body } = await raw({ accessToken: "a.b.c" }, "find", main("open"));
    assert.deepEqual([status, body.error_code], [401, "InvalidSession"]);
  });
});

describe("the owner pattern", () => {
  beforeEach(() => data(async (db) => {
    await db.collection("notes").deleteMany({});
    await db.collection("notes").insertMany([
      { _id: 1, owner_id: ann.id, text: "of Ann" },
      { _id: 2, owner_id: bob.id, text: "of Bob" },
      { _id: 3, owner_id: bob.id, readers: [ann.id], text: "Bob's, for Ann to read" },
    ]);
  }));
  const stored = (query = {}) => data((db) => db.collection("notes").find(query).sort({ _id: 1 }).toArray());

  test("each sees what they own and what they may read", async () => {
    assert.deepEqual((await of(ann, "notes").find()).map((one) => one._id), [1, 3]);
    assert.deepEqual((await of(bob, "notes").find()).map((one) => one._id), [2, 3]);
    assert.equal(await of(ann, "notes").findOne({ _id: 2 }), null);
    assert.equal(await of(ann, "notes").count(), 2);
    assert.equal(await of(ann, "notes").count({ text: "of Bob" }), 0);
    assert.deepEqual(await of(ann, "notes").aggregate([{ $group: { _id: null, all: { $sum: 1 } } }]), [{ _id: null, all: 2 }]);
  });

  test("a note of one's own is inserted, another's is not", async () => {
    await of(ann, "notes").insertOne({ _id: 4, owner_id: ann.id });
    await assert.rejects(of(ann, "notes").insertOne({ _id: 5, owner_id: bob.id }), denied("insert not permitted"));
    await assert.rejects(of(ann, "notes").insertOne({ _id: 6 }), denied("insert not permitted"));
    await assert.rejects(of(ann, "notes").insertMany([{ _id: 7, owner_id: ann.id }, { _id: 8 }]), denied("insert not permitted"));
    assert.deepEqual((await stored()).map((one) => one._id), [1, 2, 3, 4]);
  });

  test("what one cannot see one cannot change", async () => {
    assert.deepEqual(await of(ann, "notes").updateMany({}, { $set: { text: "x" } }).catch((error) => error.error), "update not permitted");
    assert.deepEqual(await of(ann, "notes").updateOne({ _id: 2 }, { $set: { text: "x" } }), { matchedCount: 0, modifiedCount: 0 });
    assert.deepEqual(await of(ann, "notes").deleteMany({ _id: 2 }), { deletedCount: 0 });
    assert.deepEqual((await stored()).map((one) => one.text), ["of Ann", "of Bob", "Bob's, for Ann to read"]);
  });

  test("what one may only read one cannot change", async () => {
    await assert.rejects(of(ann, "notes").updateOne({ _id: 3 }, { $set: { text: "x" } }), denied("update not permitted"));
    await assert.rejects(of(ann, "notes").deleteOne({ _id: 3 }), denied("delete not permitted"));
    assert.equal((await stored({ _id: 3 }))[0].text, "Bob's, for Ann to read");
  });

  test("what is one's own can be changed, but not given away or taken", async () => {
    assert.deepEqual(await of(ann, "notes").updateOne({ _id: 1 }, { $set: { text: "new" } }), { matchedCount: 1, modifiedCount: 1 });
    await assert.rejects(of(ann, "notes").updateOne({ _id: 1 }, { $set: { owner_id: bob.id } }), denied("update not permitted"));
    await assert.rejects(of(ann, "notes").findOneAndUpdate({ _id: 3 }, { $set: { owner_id: ann.id } }), denied("update not permitted"));
    assert.deepEqual((await stored()).map((one) => one.owner_id), [ann.id, bob.id, bob.id]);
    assert.deepEqual(await of(ann, "notes").deleteOne({ _id: 1 }), { deletedCount: 1 });
  });

  test("an upsert does not tell of what it cannot see", async () => {
    const taken = await of(ann, "notes").updateOne({ _id: 2 }, { $set: { text: "x" } }, { upsert: true }).catch((error) => error.error);
    assert.equal(taken, "insert not permitted");
    const done = await of(ann, "notes").updateOne({ _id: 9 }, { $set: { owner_id: ann.id } }, { upsert: true });
    assert.deepEqual(done, { matchedCount: 0, modifiedCount: 0, upsertedId: 9 });
  });

  test("functions that run as the user see the same, those of the system everything", async () => {
    assert.deepEqual((await ann.functions.notesOf()).map((one) => one._id), [1, 3]);
    assert.equal(await ann.functions.everyNote(), 3);
    await assert.rejects(ann.functions.addNote({ owner_id: bob.id }), (error) => /insert not permitted/.test(error.error));
    await ann.functions.addNote({ _id: 10, owner_id: ann.id });
    await assert.rejects(ann.functions.secretCollection(), (error) => /main\.secrets has no rules/.test(error.error));
  });

  test("a transaction of a function that runs as a user ends with what is not permitted", async () => {
    await assert.rejects(ann.functions.inTransaction({ _id: 20, owner_id: ann.id }, { _id: 21, owner_id: bob.id }));
    assert.deepEqual(await stored({ _id: { $gte: 20 } }), []);
    assert.equal(await ann.functions.inTransaction({ _id: 20, owner_id: ann.id }, { _id: 21, owner_id: ann.id }), "both");
    assert.equal((await stored({ _id: { $gte: 20 } })).length, 2);
  });
});

describe("fields", () => {
  before(() => data((db) => db.collection("profiles").insertMany([
    { _id: 1, user_id: ann.id, name: "Ann", salary: 10, phone: "1" },
    { _id: 2, user_id: bob.id, name: "Bob", salary: 99, phone: "2" },
  ])));

  test("each reads their own profile whole, and of others the name", async () => {
    const all = await of(ann, "profiles").find({}, { sort: { _id: 1 } });
    assert.deepEqual(all, [{ _id: 1, user_id: ann.id, name: "Ann", salary: 10, phone: "1" }, { _id: 2, name: "Bob" }]);
  });

  test("a query by a hidden field finds nothing out", async () => {
    assert.deepEqual(await of(ann, "profiles").find({ salary: { $gt: 0 } }), [{ _id: 1, user_id: ann.id, name: "Ann", salary: 10, phone: "1" }]);
    assert.equal(await of(ann, "profiles").count({ salary: 99 }), 0);
    assert.equal(await of(ann, "profiles").findOne({ user_id: bob.id }), null);
    assert.deepEqual((await of(ann, "profiles").find({}, { sort: { salary: -1 } })).map((one) => one._id), [1]);
  });

  test("a field that may be read only is not written", async () => {
    await of(ann, "profiles").updateOne({ _id: 1 }, { $set: { phone: "3" } });
    await assert.rejects(of(ann, "profiles").updateOne({ _id: 1 }, { $set: { salary: 1000 } }), denied("update not permitted"));
    await assert.rejects(of(ann, "profiles").updateOne({ _id: 2 }, { $set: { name: "Rob" } }), denied("update not permitted"));
    const [own, other] = await data((db) => db.collection("profiles").find().sort({ _id: 1 }).toArray());
    assert.deepEqual([own.salary, own.phone, other.name], [10, "3", "Bob"]);
  });
});

describe("roles by custom data, and schemas", () => {
  let clerk;
  before(async () => {
    clerk = await newUser();
    await clerk.functions.become("clerk");
    await clerk.refreshCustomData();
  });
  const products = (user) => of(user, "products");

  test("a customer reads, a clerk writes", async () => {
    await products(clerk).insertOne({ name: "lamp", price: 9.5 });
    assert.equal((await products(ann).findOne({ name: "lamp" })).price, 9.5);
    await assert.rejects(products(ann).insertOne({ name: "vase", price: 1.5 }), denied("insert not permitted"));
    await assert.rejects(products(ann).updateOne({ name: "lamp" }, { $set: { price: 0.5 } }), denied("update not permitted"));
  });

  test("what does not fit the schema is not written", async () => {
    const misfit = (text) => realmError(400, "SchemaValidationFailedWrite", text);
    await assert.rejects(products(clerk).insertOne({ name: "x", price: 1.5 }), misfit(/name/));
    await assert.rejects(products(clerk).insertOne({ name: "desk" }), misfit(/price/));
    await assert.rejects(products(clerk).updateOne({ name: "lamp" }, { $set: { price: "dear" } }), misfit(/price/));
    await assert.rejects(products(clerk).updateOne({ name: "lamp" }, { $set: { tags: ["a", 5] } }), misfit(/tags/));
    const all = await data((db) => db.collection("products").find().toArray());
    assert.deepEqual(all.map(({ name, price, tags }) => ({ name, price, tags })), [{ name: "lamp", price: 9.5, tags: undefined }]);
  });

  test("the token says which custom data count (reference 1.4)", async () => {
    const other = await newUser();
    await other.functions.become("clerk");
    await assert.rejects(products(other).insertOne({ name: "rug", price: 2.5 }), denied("insert not permitted"));
    await other.refreshCustomData();
    await products(other).insertOne({ name: "rug", price: 2.5 });
  });

  test("filters narrow queries and hide fields", async () => {
    await data((db) => db.collection("filtered").insertMany([
      { _id: 1, for: ann.id, internal: "x", text: "a" },
      { _id: 2, for: bob.id, internal: "y", text: "b" },
    ]));
    assert.deepEqual(await of(ann, "filtered").find(), [{ _id: 1, for: ann.id, text: "a" }]);
    assert.equal(await of(ann, "filtered").count({ internal: "x" }), 0);
    assert.equal((await of(clerk, "filtered").find()).length, 2);
  });
});

test("a rule may speak of what only the account tells", async () => {
  await data((db) => db.collection("accounts").insertOne({ _id: 1 }));
  assert.deepEqual(await of(ann, "accounts").find(), [{ _id: 1 }]);
  const email = `${Date.now()}@example.org`;
  const app = usher.app("rules");
  await app.emailPasswordAuth.registerUser({ email, password: "correct horse" });
  assert.deepEqual(await of(await app.logIn(Realm.Credentials.emailPassword(email, "correct horse")), "accounts").find(), []);
});

describe("usher rules explain", () => {
  let clerk;
  before(async () => {
    clerk = await newUser();
    await clerk.functions.become("clerk");
  });
  const here = temporary("operator");
  const explain = (operation, collection, ...more) => {
    const where = ["--app", DIRECTORY, "--mongodb", usher.mongodb, "--data", here];
    const done = run("--json", "rules", "explain", "--user", ann.id, "--op", operation, "--collection", `main.${collection}`, ...more, ...where);
    assert.equal(done.status, 0, done.stderr);
    return JSON.parse(done.stdout);
  };
  const told = ({ allowed, role, clause }) => ({ allowed, role, clause });

  test("of a document: the role and the clause", () => {
    const theirs = JSON.stringify({ _id: 1, owner_id: bob.id, readers: [ann.id] });
    assert.deepEqual(told(explain("read", "notes", "--document", theirs)), { allowed: true, role: "reader", clause: "roles[1].read" });
    assert.deepEqual(told(explain("delete", "notes", "--document", theirs)), { allowed: false, role: "reader", clause: "roles[1].delete" });
    const given = explain("update", "notes", "--document", JSON.stringify({ owner_id: ann.id }), "--after", JSON.stringify({ owner_id: bob.id }));
    assert.deepEqual(told(given), { allowed: false, role: "owner", clause: "roles" });
  });

  test("of a document in the database, which a filter hides", async () => {
    await data((db) => db.collection("filtered").insertOne({ _id: "theirs", for: bob.id }));
    for (const operation of ["read", "update", "delete"]) {
      const { because, ...rest } = explain(operation, "filtered", "--id", "theirs");
      assert.deepEqual(told(rest), { allowed: false, role: null, clause: "filters" });
      assert.match(because, new RegExp(`a filter narrows every query to .*${ann.id}`));
    }
    const own = explain("read", "filtered", "--document", JSON.stringify({ for: ann.id, internal: "x" }));
    assert.deepEqual([own.allowed, own.hidden], [true, ["internal"]]);
  });

  test("of a whole collection: the query that everything is narrowed to", () => {
    const { visible } = explain("read", "filtered");
    assert.deepEqual(visible, { query: { for: { $eq: ann.id } }, exact: true });
    const where = ["--collection", "main.open", "--app", DIRECTORY, "--mongodb", usher.mongodb, "--data", here];
    const { stdout } = run("rules", "explain", "--user", ann.id, "--op", "delete", ...where);
    assert.match(stdout, /every document can be seen; each may be deleted/);
  });

  test("the query of owners is one that their index answers", async () => {
    const { visible } = explain("read", "notes");
    assert.deepEqual(visible, { query: { $or: [{ owner_id: { $eq: ann.id } }, { readers: { $eq: ann.id } }] }, exact: true });
    const plan = await data(async (db) => {
      for (const field of ["owner_id", "readers"]) await db.collection("notes").createIndex({ [field]: 1 });
      return db.collection("notes").find({ $and: [visible.query, { text: "mine" }] }).explain();
    });
    assert.match(JSON.stringify(plan), /IXSCAN/);
    assert.doesNotMatch(JSON.stringify(plan), /COLLSCAN/);
  });

  test("of what a schema refuses", () => {
    const rows = [["insert", { name: "desk" }, /"price" is missing/], ["insert", { name: "desk", price: 1 }, null]];
    for (const [operation, document, misfit] of rows) {
      const answer = run("--json", "rules", "explain", "--user", clerk.id, "--op", operation, "--collection", "main.products",
        "--document", JSON.stringify(document), "--app", DIRECTORY, "--mongodb", usher.mongodb, "--data", here);
      assert.equal(answer.status, 0, answer.stderr);
      const { allowed, clause, because } = JSON.parse(answer.stdout);
      assert.deepEqual([allowed, clause], misfit ? [false, "schema"] : [true, "roles[0].write"], because);
      if (misfit) assert.match(because, misfit);
    }
  });
});

describe("rules that only the host can decide", () => {
  before(() => data(async (db) => {
    await db.collection("teams").insertMany([
      { _id: 1, members: [ann.id], name: "red" },
      { _id: 2, members: [bob.id], name: "blue" },
      { _id: 3, members: [ann.id, bob.id], name: "green", locked: true },
      { _id: 4, members: [], name: "grey" },
    ]);
    await db.collection("invitations").insertOne({ team: 4, user: ann.id });
  }));

  test("a function says who was invited", async () => {
    assert.deepEqual((await of(ann, "teams").find({}, { sort: { _id: 1 } })).map((one) => one.name), ["red", "green", "grey"]);
    assert.deepEqual((await of(bob, "teams").find({}, { sort: { _id: 1 } })).map((one) => one.name), ["blue", "green"]);
    assert.deepEqual((await of(ann, "teams").find({}, { sort: { _id: -1 }, limit: 2 })).map((one) => one.name), ["grey", "green"]);
    assert.equal(await of(ann, "teams").count(), 3);
  });

  test("a rule of the document decides about its writes", async () => {
    assert.equal((await of(ann, "teams").updateOne({ _id: 1 }, { $set: { name: "rot" } })).modifiedCount, 1);
    await assert.rejects(of(ann, "teams").updateOne({ _id: 3 }, { $set: { name: "x" } }), denied("update not permitted"));
    await assert.rejects(of(ann, "teams").updateOne({ _id: 4 }, { $set: { name: "x" } }), denied("update not permitted"));
    await assert.rejects(of(ann, "teams").deleteOne({ _id: 1 }), denied("delete not permitted"));
  });
});

describe("who may call a function", () => {
  test("can_evaluate over the caller", async () => {
    await assert.rejects(ann.functions.onlyClerks(), realmError(400, "FunctionExecutionError", 'rule not matched for function "onlyClerks"'));
    await assert.rejects(ann.functions.callsClerks(), (error) => /rule not matched for function "onlyClerks"/.test(error.error));
    const clerk = await newUser();
    await clerk.functions.become("clerk");
    await clerk.refreshCustomData();
    assert.equal(await clerk.functions.onlyClerks(), "hello, clerk");
    assert.equal(await clerk.functions.callsClerks(), "hello, clerk");
  });

  test("can_evaluate over the arguments", async () => {
    assert.equal(await ann.functions.bigEnough(10), 10);
    await assert.rejects(ann.functions.bigEnough(9), realmError(400, "FunctionExecutionError", 'rule not matched for function "bigEnough"'));
    await assert.rejects(ann.functions.bigEnough("10"), (error) => /rule not matched/.test(error.error));
  });
});

describe("functions that run as somebody (reference 5.1)", () => {
  before(() => data(async (db) => {
    await db.collection("notes").deleteMany({});
    await db.collection("notes").insertMany([{ _id: 1, owner_id: ann.id }, { _id: 2, owner_id: bob.id }]);
  }));

  test("a script says as whom, and context.user stays the caller", async () => {
    assert.deepEqual(await ann.functions.notesAs(bob.id), { user: ann.id, system: false, notes: [2] });
    assert.deepEqual(await ann.functions.notesAs("system"), { user: ann.id, system: true, notes: [1, 2] });
    assert.deepEqual(await ann.functions.passesOn(bob.id), { user: ann.id, system: false, notes: [2] });
  });

  test("a script that names nobody is an error", async () => {
    await assert.rejects(ann.functions.notesAs("65a1b2c3d4e5f60718293a4b"), (error) => /runs as the user 65a1b2c3d4e5f60718293a4b/.test(error.error));
    await assert.rejects(ann.functions.notesAs(7), (error) => /must answer a user's id/.test(error.error));
  });
});
