// watch (reference 3.7 and 6), by realm-web and by plain HTTP, under the rules of the app tests/javascript/rules.
import { events, nextOf, path, watching } from "./watching.mjs";
import assert from "node:assert/strict";
import { connect } from "node:net";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { ObjectId } from "mongodb";
import { BSON } from "realm-web";
import * as Realm from "realm-web";
import { copyOf, run, start } from "./usher.mjs";

const DIRECTORY = copyOf("tests/javascript/rules");
/** All tests of a group together, on a slow machine: an event that never comes should not keep anybody for ever. */
const PATIENCE = { timeout: 900_000 };
/** Clients that read nothing are not cut off for that while a test looks at what else becomes of them. */
const UNHURRIED = ["--send-deadline", "3600"];

let usher, ann, bob;
const open = new Set();

const data = (look, host = usher) => host.inDatabase((mongo) => look(mongo.db("main")));
const of = (user, collection) => user.mongoClient("mongodb-atlas").db("main").collection(collection);
const newUser = (host = usher) => host.app("rules").logIn(Realm.Credentials.anonymous(false));

/** A stream that ends with its test. */
async function watch(user, collection, options) {
  const stream = await watching(of(user, collection), options);
  open.add(stream);
  return stream;
}

/** The answer to a watch by plain HTTP. */
const ask = (argument, { token = ann.accessToken, host = usher, ...options } = {}) =>
  fetch(host.url + path(argument, options), { headers: token ? { Authorization: `Bearer ${token}` } : {} });

/** The stream of a watch by plain HTTP; it ends with its test. */
async function stream(argument, options) {
  const response = await ask(argument, options);
  assert.equal(response.status, 200, response.ok ? "" : await response.text());
  const stream = events(response.body);
  open.add(stream);
  return Object.assign(stream, { response });
}

const main = (collection, more = {}) => ({ database: "main", collection, ...more });
const shape = ({ operationType, documentKey, fullDocument, updateDescription }) => [operationType, documentKey._id, fullDocument, updateDescription?.updatedFields];

before(async () => {
  usher = await start(["serve", "--app", DIRECTORY, ...UNHURRIED]);
  [ann, bob] = [await newUser(), await newUser()];
});
after(() => usher?.stop());
afterEach(() => {
  for (const stream of open) stream.return();
  open.clear();
});

describe("watch, by realm-web", PATIENCE, () => {
  test("inserts, updates, replacements and deletions, in order, with the members of App Services", async () => {
    const stream = await watch(ann, "open");
    await data(async (db) => {
      const own = db.collection("open");
      await own.insertOne({ _id: "w", n: 1, odd: true });
      await own.updateOne({ _id: "w" }, { $set: { n: 2 }, $unset: { odd: 1 } });
      await own.replaceOne({ _id: "w" }, { text: "new" });
      await own.deleteOne({ _id: "w" });
    });
    const got = [await nextOf(stream), await nextOf(stream), await nextOf(stream), await nextOf(stream)];
    const common = ["_id", "operationType", "fullDocument", "ns", "documentKey"];
    assert.deepEqual(got.map(Object.keys), [common, [...common, "updateDescription"], common, common.filter((name) => name !== "fullDocument")]);
    assert.deepEqual(got.map((event) => event.operationType), ["insert", "update", "replace", "delete"]);
    for (const { ns, documentKey, _id } of got) {
      assert.deepEqual([ns, documentKey], [{ db: "main", coll: "open" }, { _id: "w" }]);
      assert.equal(typeof _id._data, "string");
    }
    assert.deepEqual(got[0].fullDocument, { _id: "w", n: 1, odd: true });
    assert.deepEqual(got[1].updateDescription.updatedFields, { n: 2 });
    assert.deepEqual(got[1].updateDescription.removedFields, ["odd"]);
    assert.deepEqual(got[2].fullDocument, { _id: "w", text: "new" });
  });

  test("what clients write themselves is seen as well", async () => {
    const stream = await watch(ann, "open");
    const { insertedId } = await of(bob, "open").insertOne({ by: "Bob" });
    assert.deepEqual(shape(await nextOf(stream)), ["insert", insertedId, { _id: insertedId, by: "Bob" }, undefined]);
  });

  test("BSON types survive, and so do the characters that the framing escapes", async () => {
    const [bson, raw] = [await watch(ann, "open"), await stream(main("open"))];
    const id = new BSON.ObjectId();
    const written = {
      _id: id, long: BSON.Long.fromString("9007199254740993"), int: 7, double: new BSON.Double(7), date: new Date(86_400_000),
      decimal: BSON.Decimal128.fromString("1.10"), binary: new BSON.Binary(Buffer.from([1, 2])), none: null, list: [{ a: 1 }],
      text: "100 % of %25\nlines\r\n\u2028 \u{1f600} data: x\n\n",
    };
    await of(ann, "open").insertOne(written);
    const { fullDocument } = await nextOf(bson);
    assert.equal(fullDocument.text, written.text);
    assert.equal(fullDocument._id.toHexString(), id.toHexString());
    assert.deepEqual([fullDocument.date, fullDocument.none, fullDocument.list], [written.date, null, [{ a: 1 }]]);
    assert.deepEqual((await nextOf(raw)).data.fullDocument, {
      _id: { $oid: id.toHexString() }, long: { $numberLong: "9007199254740993" }, int: { $numberInt: "7" }, double: { $numberDouble: "7.0" },
      date: { $date: { $numberLong: "86400000" } }, decimal: { $numberDecimal: "1.10" }, binary: { $binary: { base64: "AQI=", subType: "00" } },
      none: null, list: [{ a: { $numberInt: "1" } }], text: written.text,
    });
  });

  test("watch({ids})", async () => {
    const id = new BSON.ObjectId();
    const stream = await watch(ann, "open", { ids: ["a", 5, id] });
    await data(async (db) => {
      await db.collection("open").insertMany([{ _id: "b" }, { _id: "5" }, { _id: "a" }, { _id: new ObjectId() }, { _id: 5 }]);
      await db.collection("open").insertOne({ _id: ObjectId.createFromHexString(id.toHexString()) });
      await db.collection("open").deleteMany({ _id: { $in: ["b", "a"] } });
    });
    const got = [await nextOf(stream), await nextOf(stream), await nextOf(stream), await nextOf(stream)];
    assert.deepEqual(got.map(({ operationType, documentKey }) => [operationType, String(documentKey._id)]), [
      ["insert", "a"], ["insert", "5"], ["insert", id.toHexString()], ["delete", "a"],
    ]);
    assert.equal(got[1].documentKey._id, 5);
  });

  test("watch({filter}) matches the event", async () => {
    const [dear, ends] = [
      await watch(ann, "open", { filter: { "fullDocument.price": { $gt: 9 }, operationType: { $in: ["insert", "update"] } } }),
      await watch(ann, "open", { filter: { operationType: "delete" } }),
    ];
    await data(async (db) => {
      await db.collection("open").insertMany([{ _id: "cheap", price: 1 }, { _id: "dear", price: 10 }]);
      await db.collection("open").updateOne({ _id: "cheap" }, { $set: { price: 12.5 } });
    });
    assert.deepEqual(shape(await nextOf(dear)), ["insert", "dear", { _id: "dear", price: 10 }, undefined]);
    assert.deepEqual(shape(await nextOf(dear)), ["update", "cheap", { _id: "cheap", price: 12.5 }, { price: 12.5 }]);
    await data((db) => db.collection("open").deleteOne({ _id: "cheap" }));
    assert.deepEqual(shape(await nextOf(ends)), ["delete", "cheap", undefined, undefined]);
  });

  test("a stream that the client returns frees its place; the others go on", async () => {
    const [first, second] = [await watch(ann, "open"), await watch(bob, "open")];
    await first.return();
    await data((db) => db.collection("open").insertOne({ _id: "after" }));
    assert.equal((await nextOf(second)).documentKey._id, "after");
  });

  test("an error before the stream begins is realm-web's", async () => {
    const stream = await watching(of(ann, "secrets"));
    await assert.rejects(stream.next(), (error) => error.errorCode === "NoMatchingRuleFound" && error.statusCode === 400);
  });
});

describe("watch under rules", PATIENCE, () => {
  test("each sees what they own and may read; what moves out of sight is gone without a word", async () => {
    const stream = await watch(ann, "notes");
    await data(async (db) => {
      const notes = db.collection("notes");
      await notes.insertMany([{ _id: 1, owner_id: bob.id }, { _id: 2, owner_id: ann.id }, { _id: 3, owner_id: bob.id, readers: [ann.id] }]);
      await notes.updateOne({ _id: 1 }, { $set: { text: "Bob's secret" } });
      await notes.updateOne({ _id: 2 }, { $set: { text: "mine" } });
    });
    assert.deepEqual(shape(await nextOf(stream)).slice(0, 2), ["insert", 2]);
    assert.deepEqual(shape(await nextOf(stream)).slice(0, 2), ["insert", 3]);
    assert.deepEqual(shape(await nextOf(stream)), ["update", 2, { _id: 2, owner_id: ann.id, text: "mine" }, { text: "mine" }]);
    await data(async (db) => {
      await db.collection("notes").updateOne({ _id: 2 }, { $set: { owner_id: bob.id } });
      await db.collection("notes").updateOne({ _id: 2 }, { $set: { text: "not hers" } });
      await db.collection("notes").replaceOne({ _id: 3 }, { owner_id: bob.id });
      await db.collection("notes").updateOne({ _id: 1 }, { $set: { owner_id: ann.id } });
    });
    // Where one gets sight of a document, the update that gave it is told, with what the document holds.
    assert.deepEqual(shape(await nextOf(stream)), ["update", 1, { _id: 1, owner_id: ann.id, text: "Bob's secret" }, { owner_id: ann.id }]);
  });

  test("deletions are told where it can be known whose it was", async () => {
    await data(async (db) => {
      await db.collection("notes").deleteMany({});
      await db.collection("notes").insertMany([{ _id: 1, owner_id: ann.id }, { _id: 2, owner_id: ann.id }, { _id: 3, owner_id: bob.id }]);
    });
    const stream = await watch(ann, "notes");
    await data(async (db) => {
      await db.collection("notes").deleteOne({ _id: 1 });
      await db.command({ collMod: "notes", changeStreamPreAndPostImages: { enabled: true } });
      await db.collection("notes").deleteOne({ _id: 3 });
      await db.collection("notes").deleteOne({ _id: 2 });
      await db.command({ collMod: "notes", changeStreamPreAndPostImages: { enabled: false } });
    });
    const event = await nextOf(stream);
    assert.deepEqual(shape(event), ["delete", 2, undefined, undefined], "not 1, of which nothing was kept, nor 3, which was Bob's");
    assert.ok(!("fullDocumentBeforeChange" in event));
  });

  test("hidden fields are nowhere in an event, and no filter finds them out", async () => {
    const all = await watch(ann, "profiles");
    const probes = [
      await watch(ann, "profiles", { filter: { "fullDocument.salary": 99 } }),
      await watch(ann, "profiles", { filter: { "updateDescription.updatedFields.salary": { $exists: true } } }),
    ];
    const profiles = (write) => data((db) => write(db.collection("profiles")));
    await profiles(async (all) => {
      await all.insertOne({ _id: "bob", user_id: bob.id, name: "Bob", salary: 99, phone: "2" });
      await all.updateOne({ _id: "bob" }, { $set: { name: "Rob", salary: 99.5 }, $unset: { phone: 1 } });
    });
    assert.deepEqual(shape(await nextOf(all)), ["insert", "bob", { _id: "bob", name: "Bob" }, undefined]);
    const update = await nextOf(all);
    assert.deepEqual(shape(update), ["update", "bob", { _id: "bob", name: "Rob" }, { name: "Rob" }]);
    assert.deepEqual(update.updateDescription.removedFields, []);
    await profiles(async (all) => {
      await all.replaceOne({ _id: "bob" }, { user_id: bob.id, name: "B.", salary: 99 });
      await all.insertOne({ _id: "ann", user_id: ann.id, name: "Ann", salary: 99 });
      await all.updateOne({ _id: "ann" }, { $set: { salary: 100 } });
    });
    assert.deepEqual(shape(await nextOf(all)), ["replace", "bob", { _id: "bob", name: "B." }, undefined]);
    assert.deepEqual(shape(await nextOf(all))[2], { _id: "ann", user_id: ann.id, name: "Ann", salary: 99 });
    assert.deepEqual(shape(await nextOf(probes[0])).slice(0, 2), ["insert", "ann"]);
    assert.deepEqual(shape(await nextOf(probes[1])), ["update", "ann", { _id: "ann", user_id: ann.id, name: "Ann", salary: 100 }, { salary: 100 }]);
  });

  test("filters of rules narrow and hide", async () => {
    const stream = await watch(ann, "filtered");
    await data(async (db) => {
      await db.collection("filtered").insertMany([{ _id: 1, for: bob.id, text: "a" }, { _id: 2, for: ann.id, internal: { x: 1 }, text: "b" }]);
      await db.collection("filtered").updateOne({ _id: 2 }, { $set: { "internal.x": 2, text: "c" } });
    });
    assert.deepEqual(shape(await nextOf(stream)).slice(0, 2), ["insert", 2]);
    assert.deepEqual(shape(await nextOf(stream)), ["update", 2, { _id: 2, for: ann.id, text: "c" }, { text: "c" }]);
    await data(async (db) => {
      await db.collection("filtered").deleteMany({});
      await db.collection("filtered").insertOne({ _id: 3, for: ann.id, internal: {} });
    });
    assert.deepEqual(shape(await nextOf(stream)), ["insert", 3, { _id: 3, for: ann.id }, undefined]);
  });

  test("a function decides, for each document", async () => {
    const stream = await watch(ann, "teams");
    await data(async (db) => {
      await db.collection("invitations").insertOne({ team: "grey", user: ann.id });
      await db.collection("teams").insertMany([{ _id: "blue", members: [bob.id] }, { _id: "grey", members: [] }, { _id: "red", members: [ann.id] }]);
    });
    assert.deepEqual(shape(await nextOf(stream)).slice(0, 2), ["insert", "grey"]);
    assert.deepEqual(shape(await nextOf(stream)).slice(0, 2), ["insert", "red"]);
  });

  test("no watcher sees what the rules hide, whatever is written: 300 random changes", async () => {
    const [hers, his] = [await watch(ann, "notes"), await watch(bob, "notes")];
    const owners = { [ann.id]: "for-ann", [bob.id]: "for-bob" };
    const random = generator(7);
    await data(async (db) => {
      for (let i = 0; i < 300; i++) {
        const owner = random() < 0.5 ? ann.id : bob.id;
        const note = { owner_id: owner, text: `${owners[owner]}-${i}` };
        const _id = `r${Math.floor(random() * 5)}`;
        const roll = random();
        if (roll < 0.5) await db.collection("notes").updateOne({ _id }, { $set: note }, { upsert: true });
        else if (roll < 0.8) await db.collection("notes").replaceOne({ _id }, note, { upsert: true });
        else await db.collection("notes").deleteOne({ _id });
      }
      for (const owner of [ann.id, bob.id]) await db.collection("notes").insertOne({ _id: `end-${owner}`, owner_id: owner });
    });
    for (const [stream, user, hidden] of [[hers, ann, "for-bob"], [his, bob, "for-ann"]]) {
      let seen = 0;
      for (let event = await nextOf(stream); event.documentKey._id !== `end-${user.id}`; event = await nextOf(stream)) {
        assert.ok(!JSON.stringify(event).includes(hidden), JSON.stringify(event));
        seen += 1;
      }
      assert.ok(seen > 30, `only ${seen} events`);
    }
  });
});

describe("watch on the wire (reference 3.7)", PATIENCE, () => {
  test("the token in the header or in the query, by today's names and by those of Stitch", async () => {
    const streams = [
      await stream(main("open")),
      await stream(main("open"), { token: null, more: { baas_at: ann.accessToken } }),
      await stream(main("open"), { token: null, parameter: "stitch_request", more: { stitch_at: ann.accessToken } }),
      await stream(main("open"), { parameter: "stitch_request" }),
    ];
    const [{ response }] = streams;
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.match(response.headers.get("x-appservices-request-id"), /^[0-9a-f]{24}$/);
    await data((db) => db.collection("open").insertOne({ _id: "names" }));
    for (const stream of streams) {
      const { event, data } = await nextOf(stream);
      assert.deepEqual([event, data.fullDocument], ["message", { _id: "names" }]);
    }
    assert.ok(!usher.log.includes(ann.accessToken), "no token is logged");
  });

  const rows = [
    ["no token", main("open"), { token: null }, 401, "InvalidSession", /must authenticate first/],
    ["a token that is none", main("open"), { token: null, more: { baas_at: "a.b.c" } }, 401, "InvalidSession", /invalid session/],
    ["no request", main("open"), { parameter: "other" }, 400, "MissingParameter", /'baas_request' is required/],
    ["a request that is no Base64", main("open"), { parameter: "other", more: { baas_request: "{}" } }, 400, "InvalidParameter", /not Base64/],
    ["a request that is no JSON", main("open"), { parameter: "other", more: { baas_request: "AAAA" } }, 400, "BadRequest", /not a function call/],
    ["an unknown app", main("open"), { app: "nowhere" }, 404, "AppNotFound", /nowhere/],
    ["an unknown service", main("open"), { service: "nowhere" }, 400, "FunctionExecutionError", /Cannot access member 'watch' of undefined/],
    ["another action", main("open"), { name: "find" }, 400, "BadRequest", /only the action watch/],
    ["a function", main("open"), { service: null }, 400, "BadRequest", /only the action watch/],
    ["a collection without rules", main("secrets"), {}, 400, "NoMatchingRuleFound", /no rule exists/],
    ["the system database", { database: "usher", collection: "users" }, {}, 400, "NoMatchingRuleFound", /no rule exists/],
    ["a collection that is an operator", { database: "main", collection: { $gt: "" } }, {}, 400, "FunctionExecutionError", /'collection' must be a string/],
    ["a filter that is text", main("open", { filter: "all" }), {}, 400, "InvalidParameter", /'filter' must be a document/],
    ["an unknown operator in a filter", main("open", { filter: { "fullDocument.a": { $who: 1 } } }), {}, 400, "FunctionExecutionError", /\$who/],
    ["code in a filter", main("open", { filter: { $where: "true" } }), {}, 400, "FunctionExecutionError", /\$where/],
    ["more patterns than a filter has", main("open", { filter: { $or: Array(9).fill({ "fullDocument.a": { $regex: "x" } }) } }), {}, 400, "FunctionExecutionError", /at most 8 regular expressions/],
    ["ids that are no array", main("open", { ids: 5 }), {}, 400, "InvalidParameter", /'ids' must be an array/],
    ["ids and filter", main("open", { ids: [], filter: {} }), {}, 400, "BadRequest", /not both/],
  ];
  for (const [what, argument, options, status, code, text] of rows) {
    test(`${what} is refused before the stream begins`, async () => {
      const response = await ask(argument, options);
      const body = await response.json();
      assert.deepEqual([response.status, body.error_code, response.headers.get("content-type")], [status, code, "application/json"], body.error);
      assert.match(body.error, text);
      assert.match(body.link, /logs\?co_id=[0-9a-f]{24}$/);
    });
  }

  test("a slow reader is cut off with an error, and the others go on", async () => {
    const fast = await stream(main("open"));
    const socket = connect(new URL(usher.url).port, "127.0.0.1");
    open.add({ return: () => socket.destroy() });
    socket.write(`GET ${path(main("open"))} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ann.accessToken}\r\n\r\n`);
    const head = await new Promise((resolve) => socket.once("data", resolve));
    assert.match(String(head), /^HTTP\/1\.1 200 OK/);
    socket.pause();
    const [big, many] = ["x".repeat(200_000), 400];
    await data(async (db) => {
      for (let first = 0; first < many; first += 20) {
        const batch = Array.from({ length: 20 }, (_, n) => first + n);
        await db.collection("open").insertMany(batch.map((n) => ({ n, big })));
        // This one keeps up, whatever the machine is busy with.
        for (const n of batch) assert.equal((await nextOf(fast)).data.fullDocument.n.$numberInt, String(n));
      }
      await db.collection("open").deleteMany({ big });
    });
    let [last, length] = ["", 0];
    for await (const chunk of socket) {
      last = (last + chunk).slice(-2_000);
      length += chunk.length;
      if (last.endsWith("\r\n0\r\n\r\n")) break;
    }
    assert.match(last, /event: error\ndata: \{"error_code":"FunctionExecutionError","error":"this watcher is too slow: [^\n]*"\}\n\n\r\n0\r\n\r\n$/);
    assert.ok(length < (many * big.length) / 2, `${length} bytes were kept for it`);
  });

  test("a user who is disabled is told, though nothing happens", async () => {
    const user = await newUser();
    const stream = await watch(user, "open");
    const done = run("users", "disable", user.id, "--app", DIRECTORY, "--mongodb", usher.mongodb);
    assert.equal(done.status, 0, done.stderr);
    await assert.rejects(drained(stream), (error) => error.code === "InvalidSession" && /disabled/.test(error.message));
  });

  test("a user has 100 streams at once, and gets a place back when one ends", async () => {
    const user = await newUser();
    const options = { token: user.accessToken };
    const streams = await Promise.all(Array.from({ length: 100 }, () => stream(main("open"), options)));
    const refused = await ask(main("open"), options);
    assert.equal(refused.status, 429);
    const { error_code, error } = await refused.json();
    assert.deepEqual([error_code, /100 streams/.test(error)], ["TooManyRequests", true], error);
    await stream(main("open"));
    await streams[0].response.body.cancel();
    // The host notices when the connection is closed.
    await eventually(() => stream(main("open"), options));
  });

  test("a host follows 500 collections, however many a default rule lets clients name", async () => {
    const directory = copyOf("tests/javascript/rules");
    const rule = { roles: [{ name: "everyone", apply_when: {}, read: true }] };
    writeFileSync(join(directory, "data_sources/mongodb-atlas/default_rule.json"), JSON.stringify(rule));
    const host = await start(["serve", "--app", directory]);
    try {
      const users = await Promise.all(Array.from({ length: 6 }, () => newUser(host)));
      const watched = (index) => [main(`c${index}`), { host, token: users[Math.floor(index / 100)].accessToken }];
      for (let index = 0; index < 500; index += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, more) => stream(...watched(index + more))));
      }
      const refused = await ask(...watched(500));
      const { error_code, error } = await refused.json();
      assert.deepEqual([refused.status, error_code, /500 collections/.test(error)], [503, "Overloaded", true], error);
      await stream(main("c0"), { host, token: users[5].accessToken });
    } finally {
      await host.stop();
    }
  });

  test("the log tells of streams that ended and of those that never began", async () => {
    const user = await newUser();
    const open = await stream(main("open"), { token: user.accessToken });
    const id = open.response.headers.get("x-appservices-request-id");
    await (await ask(main("secrets"), { token: user.accessToken })).json();
    const query = { app: "rules", type: "SERVICE_STREAM_FUNCTION", user_id: user.id };
    const logged = (count) => eventually(() => usher.inDatabase(async (mongo) => {
      const found = await mongo.db("usher").collection("logs").find(query).sort({ started: 1 }).toArray();
      assert.equal(found.length, count);
      return found;
    }));
    const [refused] = await logged(1);
    assert.deepEqual([refused.function_name, refused.error_code], ["watch", "NoMatchingRuleFound"]);
    await open.response.body.cancel();
    const [ended] = await logged(2);
    assert.deepEqual([ended.co_id, ended.error], [id, undefined]);
    assert.ok(ended.completed >= ended.started);
  });
});

describe("a host's life", PATIENCE, () => {
  let host, carol, directory;
  before(async () => {
    directory = copyOf("tests/javascript/rules");
    host = await start(["dev", directory, ...UNHURRIED]);
    carol = await newUser(host);
  });
  after(() => host?.stop());

  test("streams go on when the database was killed and is started again", async () => {
    const stream = await watch(carol, "open");
    await data((db) => db.collection("open").insertOne({ _id: "before" }), host);
    assert.equal((await nextOf(stream)).documentKey._id, "before");
    const databases = childrenOf(host.pid);
    assert.equal(databases.length, 1, databases.join());
    process.kill(databases[0], "SIGKILL");
    await host.logged(({ log }) => log.includes("the embedded database died"));
    await eventually(() => data((db) => db.collection("open").insertOne({ _id: "after" }), host));
    assert.equal((await nextOf(stream)).documentKey._id, "after");
  });

  test("when the app is swapped, streams go on under the new rules, and nothing is missed", async () => {
    const stream = await watch(carol, "open");
    const file = join(directory, "data_sources/mongodb-atlas/main/open/rules.json");
    const rules = JSON.parse(readFileSync(file, "utf8"));
    rules.roles[0].apply_when = { public: true };
    writeFileSync(file, JSON.stringify(rules));
    const writes = keepWriting(host);
    const seen = { true: [], false: [] };
    // What is not public is seen until the swap and never again; of what is public, nothing may be missing.
    while (seen.true.length < 3 || seen.true.at(-1) - (seen.false.at(-1) ?? 0) < 20) {
      const { fullDocument } = await nextOf(stream);
      seen[fullDocument.public].push(fullDocument.n);
    }
    await writes.stop();
    const all = (length) => Array.from({ length }, (_, index) => index);
    assert.deepEqual(seen.true, all(seen.true.length));
    assert.deepEqual(seen.false, all(seen.false.length));
  });

  test("when the rules go, the stream ends with that", async () => {
    const stream = await watch(carol, "filtered");
    rmSync(join(directory, "data_sources/mongodb-atlas/main/filtered"), { recursive: true });
    await assert.rejects(drained(stream), (error) => error.code === "NoMatchingRuleFound");
  });

  test("shutdown does not wait for watchers, whether they read or not", async () => {
    const reading = await watch(carol, "open");
    const socket = connect(new URL(host.url).port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`GET ${path(main("open"))} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${carol.accessToken}\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const big = "x".repeat(1_000_000);
    await data((db) => db.collection("open").insertMany(Array.from({ length: 30 }, () => ({ public: true, big }))), host);
    // Silence would be taken for a stream in which nothing happens.
    const rest = assert.rejects(drained(reading), (error) => error.code === "MaintenanceInProgress" && /watch again/.test(error.message));
    await Promise.all([host.stop(), rest]);
    socket.destroy();
    // It is what a host says that waited for as long as it ever does.
    assert.doesNotMatch(host.log, /shutdown did not wait/);
    assert.match(host.log, /stopped/);
  });
});

/** Writes documents in pairs until told to stop: one that is not public, and one that is. */
function keepWriting(host) {
  let going = true;
  const writing = data(async (db) => {
    for (let n = 0; going; n++) await db.collection("open").insertMany([{ public: false, n }, { public: true, n }]);
  }, host);
  return { stop: () => ((going = false), writing) };
}

/** The processes that a process has started and that run. */
function childrenOf(parent) {
  const running = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return running.map(Number).filter((pid) => {
    try {
      // The second field is a name in brackets, which may hold anything.
      const [state, by] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return Number(by) === parent && state !== "Z";
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

/** Reads a stream to its end. */
async function drained(stream) {
  for (;;) {
    const { done } = await stream.next();
    if (done) return;
  }
}

/** Tries until it works; the test's own time is the limit. */
async function eventually(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error.code === 11000) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Random numbers that are the same in each run. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
