// The Mongo client of functions (reference 5.5): methods, forms of arguments, cursors, transactions, and who reaches what.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callText, caller, dialect } from "./dialect.mjs";
import { newUser, thrown } from "./realm.mjs";

let usher, user, call;

before(async () => {
  usher = await dialect();
  ({ user, call } = await caller(usher));
});
after(() => usher?.stop());

const look = (find) => usher.inDatabase((mongo) => find(mongo.db("shop")));

describe("real-apps 10.2: reads", () => {
  const read = (name, ...parts) => call("data/reads", name, ...parts);
  const apple = { _id: 1, name: "apple", price: 3, tags: ["red", "fruit"], stock: 7 };
  const bread = { _id: 2, name: "bread", price: 2, tags: ["food"] };
  const names = (...all) => all.map((name) => ({ name }));

  before(async () => {
    assert.deepEqual(await read("fill"), { insertedIds: [1, 2, 3, 4] });
  });

  const rows = {
    "findOne(query)": ["findOne", apple],
    "findOne that finds nothing": ["findOneNone", null],
    "findOne()": ["findOneNoQuery", apple],
    "findOne(null)": ["findOneNull", apple],
    "real-apps 10.13: findOne(query, bare projection)": ["findOneBare", { name: "apple" }],
    "findOne(query, bare projection that excludes)": ["findOneExclusion", { _id: 1, name: "apple", price: 3 }],
    "findOne(query, {projection})": ["findOneDriver", { _id: 1, name: "apple" }],
    "findOne(query, projection, options)": ["findOneThird", { name: "dates" }],
    "findOne(query, {projection, sort, skip})": ["findOneSkip", { name: "bread" }],
    "findOne by a BSON.Int32": ["findOneBsonId", { name: "bread" }],
    "real-apps 10.13: find(query, bare projection)": ["findBare", names("cherry", "dates")],
    "find(query, {projection, sort, limit, skip})": ["findDriver", names("bread", "cherry")],
    "find(query, projection, options)": ["findThird", names("dates")],
    "find with a regular expression": ["regex", [{ _id: 1 }, { _id: 2 }]],
    "find with operators": ["operator", [{ _id: 3, name: "cherry", price: 5, tags: ["red", "fruit"] }]],
    "a projection of a field that is called like an option": ["projectionNamedLikeOption", { _id: 1, name: "apple" }],
    "sort, skip and limit of a cursor": ["chain", names("cherry", "bread")],
    "next and hasNext": ["next", { all: [...names("apple", "bread"), null], more: false }],
    "forEach": ["forEach", ["apple", "bread", "cherry", "dates"]],
    "for await": ["iterate", ["apple", "bread", "cherry"]],
    "real-apps 10.13: await cursor gives the cursor": ["awaited", ["cherry", "dates"]],
    "map": ["mapped", ["apple", "bread", "cherry", "dates"]],
    "count of a cursor": ["cursorCount", 2],
    "real-apps 10.13: cursors returned without toArray": ["returned", names("cherry", "dates")],
    "real-apps 10.13: an awaited cursor that is returned": ["returnedAwaited", names("cherry")],
    "real-apps 10.13: a cursor in a variable": ["inVariable", names("bread")],
    "real-apps 10.13: cursors nested in a returned object": ["nested", { found: { here: names("bread") }, list: [[{ all: 4 }]] }],
    "real-apps 10.13: an aggregation returned": ["aggregateReturned", [{ _id: 3 }, { _id: 4 }]],
    "more documents than a batch holds": ["manyBatches", { length: 350, last: 349, sum: 349 * 175 }],
    "real-apps 10.13: aggregate": ["aggregate", [
      { _id: "food", total: 2, count: 1 }, { _id: "fruit", total: 13, count: 3 }, { _id: "red", total: 8, count: 2 },
    ]],
    "next of an aggregation": ["aggregateNext", { _id: 1, name: "apple" }],
    "count": ["count", [4, 2, 3]],
    "distinct": ["distinct", [["food", "fruit", "red"], ["bread"]]],
    "$lookup between granted collections": ["lookup", [{ _id: 1, amount: 2, name: "apple" }, { _id: 2, amount: 1, name: "cherry" }]],
    "a pipeline that ends in $merge": ["mergeAwaited", [{ _id: 2, count: 1 }, { _id: 3, count: 1 }, { _id: 5, count: 2 }]],
    "a pipeline that ends in $out": ["out", [{ _id: 3, name: "cherry" }, { _id: 4, name: "dates" }]],
  };
  for (const [title, [name, expected]] of Object.entries(rows)) {
    test(title, async () => assert.deepEqual(await read(name), expected));
  }
  test("find() finds everything", async () => {
    assert.deepEqual((await read("findNothing")).map(({ _id }) => _id), [1, 2, 3, 4]);
    assert.deepEqual((await read("findNothing"))[1], bread);
  });
  test("a Long that was stored comes back as one", async () => {
    const { text } = await callText(usher, user, "data/reads", '["findOne"]');
    assert.match(text, /"stock":\{"\$numberLong":"7"\}/);
    assert.match(text, /"price":\{"\$numberInt":"3"\}/);
  });
  test("real-apps 10.13: a $merge that nobody iterates runs", async () => {
    assert.equal(await read("merge"), "started");
    assert.equal(await look((shop) => shop.collection("sums").countDocuments()), 3);
  });
  test("a collation", async () => assert.deepEqual(await read("findCollation"), [{ _id: 1 }]));
  test("a cursor that is being read takes no options", () =>
    assert.rejects(read("changedTooLate"), thrown("Error: this cursor is being read: call limit() before reading")));

  const refused = {
    lookupElsewhere: /OperationNotAllowed.*hidden|hidden.*not/,
    mergeElsewhere: /hidden/,
    hidden: /^GrantNotFound: the function "data\/reads" was not granted shop\.hidden of the data source "mongodb-atlas"/,
    otherDatabase: /^GrantNotFound: .* was not granted elsewhere\.items/,
    badOperator: /\$who/,
  };
  for (const [name, message] of Object.entries(refused)) {
    test(`refused: ${name}`, () => assert.rejects(read(name), thrown(message)));
  }
  test("an error of MongoDB reaches catch, with MongoDB's message", async () => {
    const { message, isError, name, text } = await read("caught");
    assert.equal(isError, true);
    assert.match(message, /E11000 duplicate key error.*shop\.items/);
    assert.equal(text, `${name}: ${message}`);
  });
  test("an error of MongoDB that is not caught reaches the client", () =>
    assert.rejects(read("uncaught"), (error) => {
      assert.equal(error.statusCode, 400);
      assert.match(error.error, /E11000 duplicate key error/);
      return true;
    }));
});

describe("real-apps 10.2: writes", () => {
  const write = (name, ...parts) => call("data/writes", name, ...parts);
  const byId = async () => Object.fromEntries((await write("all")).map((note) => [String(note._id), note]));

  test("one after the other", async (t) => {
    await write("clear");
    await t.test("insertOne", async () => {
      const { own, made } = await write("insertOne");
      assert.deepEqual(own, { insertedId: "own" });
      assert.match(made.insertedId.toHexString(), /^[0-9a-f]{24}$/);
    });
    await t.test("insertMany", async () => {
      assert.deepEqual(await write("insertMany"), { insertedIds: [1, 2, 3] });
      await assert.rejects(write("insertNothing"), thrown("Error: must provide at least one element"));
      const { message, there } = await write("unordered");
      assert.match(message, /E11000/);
      assert.equal(there, 1, "the other was inserted");
    });
    await t.test("updateOne", async () => {
      assert.deepEqual(await write("updateOne"), { matchedCount: 1, modifiedCount: 1 });
      assert.deepEqual(await write("updateNone"), { matchedCount: 0, modifiedCount: 0 });
      assert.deepEqual((await byId())[1], { _id: 1, n: 10, list: ["a"] });
    });
    await t.test("upsert", async () => {
      assert.deepEqual(await write("upsert"), { matchedCount: 0, modifiedCount: 0, upsertedId: "new" });
      assert.deepEqual(await write("upsert"), { matchedCount: 1, modifiedCount: 1 });
      assert.deepEqual((await byId()).new, { _id: "new", n: 0, hits: 2 });
    });
    await t.test("updateMany, and an update by a pipeline", async () => {
      assert.deepEqual(await write("updateMany"), { matchedCount: 2, modifiedCount: 2 });
      assert.deepEqual(await write("pipeline"), { matchedCount: 1, modifiedCount: 1 });
      const notes = await byId();
      assert.deepEqual([notes[2], notes[3]], [{ _id: 2, n: 3, double: 6 }, { _id: 3, n: 4 }]);
    });
    await t.test("an update without operators replaces", async () => {
      assert.deepEqual(await write("plain"), { matchedCount: 1, modifiedCount: 1 });
      assert.deepEqual((await byId())[2], { _id: 2, replaced: true });
      assert.deepEqual(await write("plainMany"), { matchedCount: 2, modifiedCount: 2 });
      const notes = await byId();
      assert.deepEqual([notes[2], notes[3]], [{ _id: 2, text: "$not a path" }, { _id: 3, text: "$not a path" }]);
      assert.deepEqual(await write("plainUpsert"), { matchedCount: 0, modifiedCount: 0, upsertedId: "plain" });
      assert.deepEqual((await byId()).plain, { _id: "plain", a: 1 });
      await assert.rejects(write("mixed"), thrown(/operator/));
      await assert.rejects(write("unknownModifier"), thrown(/\$who/));
    });
    await t.test("arrayFilters", async () => {
      assert.deepEqual(await write("arrayFilters"), {
        result: { matchedCount: 1, modifiedCount: 1 }, marks: [{ n: 1, ok: false }, { n: 5, ok: true }],
      });
    });
    await t.test("replaceOne", async () => {
      assert.deepEqual(await write("replaceOne"), { matchedCount: 1, modifiedCount: 1 });
      assert.deepEqual((await byId())[1], { _id: 1, replaced: 1 });
      await assert.rejects(write("replaceOperators"), thrown("Error: the replace operation document must not contain atomic operators"));
    });
    await t.test("findOneAndUpdate", async () => {
      const text = "$not a path";
      assert.deepEqual(await write("findOneAndUpdate"), {
        before: { _id: 3, text }, after: { _id: 3, text, n: 31 }, projected: { n: 32 }, ignored: { _id: 3, text, n: 32 },
        none: null, upserted: null, upsertedNew: { _id: 51, n: 1 }, sorted: { _id: 51, n: 1, last: true },
      });
    });
    await t.test("findOneAndReplace and findOneAndDelete", async () => {
      assert.deepEqual(await write("findOneAndReplace"), { before: { _id: 50, n: 1 }, after: { _id: 50, b: 1 } });
      assert.deepEqual(await write("findOneAndDelete"), { deleted: { _id: 51 }, none: null });
    });
    await t.test("deleteOne and deleteMany", async () => {
      assert.deepEqual(await write("deleteOne"), { deletedCount: 1 });
      assert.deepEqual(await write("deleteMany"), { deletedCount: 2 });
      await assert.rejects(write("deleteWithoutQuery"), thrown("Error: deleteMany needs a query; {} means every document"));
    });
    await t.test("bulkWrite", async () => {
      assert.deepEqual(await write("bulkWrite"), {
        result: {
          insertedCount: 2, matchedCount: 4, modifiedCount: 4, deletedCount: 1, upsertedCount: 1,
          insertedIds: { 0: "b1", 1: "b2" }, upsertedIds: { 5: "b3" },
        },
        left: [{ _id: "b2", n: 2 }, { _id: "b3", n: 3 }],
      });
    });
  });

  const found = (mark) => look((shop) => shop.collection("notes").findOne({ _id: mark }));
  test("real-apps 10.13: a write that nobody awaits happens", async () => {
    assert.equal(await write("unawaited", "sent off"), "sent");
    assert.deepEqual(await found("sent off"), { _id: "sent off" });
  });
  test("real-apps 10.13: so does what hangs on it", async () => {
    await write("unawaitedChain", "a chain");
    assert.deepEqual(await found("a chain"), { _id: "a chain", chained: true });
  });
  test("real-apps 10.13: also in a function that fails afterwards", async () => {
    await assert.rejects(write("unawaitedThenThrown", "before the end"), thrown("Error: after a write that nobody awaits"));
    assert.deepEqual(await found("before the end"), { _id: "before the end" });
  });
  test("a failure of such a write is in the log", async () => {
    assert.equal(await write("unawaitedFailure"), "sent");
    const [line] = await usher.logged((it) => {
      const lines = it.logOf("data/writes").filter(({ message }) => message.includes("E11000"));
      return lines.length > 0 ? lines : undefined;
    });
    assert.equal(line.level, "ERROR");
  });
  test("a result that nobody awaits is a promise, resolved where it is returned", async () => {
    assert.deepEqual(await write("unawaitedFind"), { truthy: true, value: null });
  });
});

describe("transactions", () => {
  const run = (name) => call("data/transactions", name);
  const accounts = (a, b) => [{ _id: "a", amount: a }, { _id: "b", amount: b }];

  test("commit", async () => assert.deepEqual(await run("commit"), { inside: { amount: 6 }, all: accounts(6, 4) }));
  test("abort", async () => assert.deepEqual(await run("abort"), accounts(10, 0)));
  test("one that is left open is taken back", async () => {
    assert.equal(await run("leftOpen"), "never committed");
    assert.deepEqual(await call("data/left"), accounts(10, 0));
  });
  test("withTransaction", async () => {
    assert.deepEqual(await run("withTransaction"), { result: "moved", all: accounts(7, 3) });
    assert.deepEqual(await run("withTransactionFailing"), { message: "changed my mind", all: accounts(10, 0) });
  });
  test("find, aggregate and insertOne in a session", async () => {
    assert.deepEqual(await run("findInside"), { inside: ["a", "b", "c"], sum: 11, after: 2 });
  });
  test("what withTransaction committed may be committed again", async () => {
    assert.deepEqual(await run("committedTwice"), { _id: "a", amount: 11 });
  });
  test("misuse says what is wrong", async () => {
    assert.deepEqual(await run("misuse"), [
      "commitTransaction: no transaction was started in this session",
      "this session is in a transaction: commit or abort it first",
    ]);
  });
});

describe("a function that runs as its caller", () => {
  let ann, bob;
  const own = (who, name, ...parts) => who.callFunction("data/own", name, ...parts);
  const document = (who) => usher.inDatabase((mongo) => mongo.db("dialect").collection("people").findOne({ user_id: who.id }));

  before(async () => {
    ann = (await newUser(usher.app("dialect"), "ann")).user;
    bob = (await newUser(usher.app("dialect"), "bob")).user;
  });

  test("real-apps 10.7: sees the caller's own custom data and nobody else's", async () => {
    for (const name of ["all", "or"]) {
      assert.deepEqual((await own(ann, name, bob.id)).map(({ user_id }) => user_id), [ann.id], name);
    }
    assert.equal(await own(ann, "of", bob.id), null);
    assert.equal(await own(ann, "count", {}), 1);
    assert.deepEqual(await own(ann, "facet"), [{ _id: null, count: 1 }]);
  });
  test("changes nobody else's", async () => {
    const before = await document(bob);
    assert.deepEqual(await own(ann, "changeOf", bob.id), { matchedCount: 0, modifiedCount: 0 });
    assert.deepEqual(await own(ann, "deleteOf", bob.id), { deletedCount: 0 });
    assert.deepEqual(await own(ann, "changeAll"), { matchedCount: 1, modifiedCount: 1 });
    assert.deepEqual(await document(bob), before);
    assert.equal((await document(ann)).level, 2);
  });
  test("cannot become somebody else", async () => {
    await assert.rejects(own(ann, "become", bob.id), thrown(/^OutsideScope: /));
    await assert.rejects(own(ann, "insertFor", bob.id), thrown(/^OutsideScope: /));
    await assert.rejects(own(ann, "lookup"), thrown(/^OperationNotAllowed: .*\$lookup/));
  });
  test("in a transaction too", async () => {
    assert.deepEqual(await own(ann, "transaction"), { user_id: ann.id });
  });
  test("other collections are refused, and the error says why and what to do", async () => {
    for (const name of ["other", "otherWrite"]) {
      await assert.rejects(own(ann, name), thrown(
        'GrantNotFound: the function "data/own" runs on behalf of a user, and shop.items has no rules: give it some, or set ' +
        '"run_as_system" in functions/config.json if the function checks for itself what the user may do',
      ));
    }
    await assert.rejects(own(ann, "system"), thrown(/^GrantNotFound: /));
  });
});
