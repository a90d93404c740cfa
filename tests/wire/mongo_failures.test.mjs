// Every documented failure of every action of the MongoDB service (reference 6 and 3.7), by plain HTTP: status, code and the
// whole text, under the rules of the app tests/javascript/rules. Nothing of what fails is written.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as Realm from "realm-web";
import { copyOf, start } from "./usher.mjs";

let usher, ann, clerk, stored;

const data = (look) => usher.inDatabase((mongo) => look(mongo.db("main")));
const newUser = () => usher.app("rules").logIn(Realm.Credentials.anonymous(false));
const everything = () => data(async (db) => {
  const all = {};
  for (const { name } of await db.listCollections().toArray()) all[name] = await db.collection(name).find().sort({ _id: 1 }).toArray();
  return JSON.stringify(all);
});

/** Calls an action, and checks the failure that it is answered with. */
async function refused(user, name, argument, [status, code, text], service = "mongodb-atlas") {
  const response = await fetch(`${usher.url}/api/client/v2.0/app/rules/functions/call`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify({ name, service, arguments: [argument] }),
  });
  const body = await response.json();
  const what = `${name} ${JSON.stringify(argument)}: ${JSON.stringify(body)}`;
  assert.deepEqual([response.status, response.headers.get("content-type")], [status, "application/json"], what);
  assert.deepEqual(Object.keys(body), ["error", "error_code", "link"], what);
  assert.equal(body.error_code, code, what);
  if (text instanceof RegExp) assert.match(body.error, text, what);
  else assert.equal(body.error, text, what);
  assert.ok(body.link.endsWith(`/apps/rules/logs?co_id=${response.headers.get("x-appservices-request-id")}`), what);
}

before(async () => {
  usher = await start(["serve", "--app", copyOf("tests/javascript/rules")]);
  [ann, clerk] = [await newUser(), await newUser()];
  await clerk.functions.become("clerk");
  await clerk.refreshCustomData();
  await data(async (db) => {
    await db.collection("open").insertMany([{ _id: 1, n: 1 }, { _id: 2, n: 2 }]);
    await db.collection("notes").insertMany([
      { _id: 1, owner_id: "somebody", readers: [ann.id], text: "to read" },
      { _id: 2, owner_id: "somebody", text: "hidden" },
    ]);
    await db.collection("products").insertOne({ name: "lamp", price: 9.5 });
  });
  stored = await everything();
});
after(() => usher?.stop());

const ONE = { $numberInt: "1" };
const SET = { $set: { text: "x" } };
const failed = (text) => [400, "FunctionExecutionError", text];
const noRule = (name) => [400, "NoMatchingRuleFound", `no rule exists for namespace '${name}': users reach it only where its rules say so`];
/** A good argument of each action; its second part is what the query is called. */
const ACTIONS = {
  find: [{}, "query"],
  findOne: [{}, "query"],
  findOneAndUpdate: [{ update: SET }, "filter"],
  findOneAndReplace: [{ update: { text: "x" } }, "filter"],
  findOneAndDelete: [{}, "filter"],
  aggregate: [{ pipeline: [] }],
  count: [{}, "query"],
  insertOne: [{ document: { text: "x" } }],
  insertMany: [{ documents: [{ text: "x" }] }],
  updateOne: [{ update: SET }, "query"],
  updateMany: [{ update: SET }, "query"],
  deleteOne: [{}, "query"],
  deleteMany: [{}, "query"],
};
const QUERYING = Object.entries(ACTIONS).filter(([, [, query]]) => query);
const UPDATING = QUERYING.filter(([name]) => ["updateOne", "updateMany", "findOneAndUpdate"].includes(name));
const INSERTING = ["insertOne", "insertMany"];
const at = (collection, argument) => ({ database: "main", collection, ...argument });

describe("of every action", () => {
  for (const [name, [argument, query]] of Object.entries(ACTIONS)) {
    test(name, async () => {
      await refused(ann, name, at("open", argument), failed(`TypeError: Cannot access member '${name}' of undefined`), "nowhere");
      await refused(ann, name, { collection: "open", ...argument }, failed("'database' is a required string"));
      await refused(ann, name, { database: ONE, collection: "open", ...argument }, failed("'database' must be a string"));
      await refused(ann, name, { database: "main", ...argument }, failed("'collection' is a required string"));
      await refused(ann, name, at({ $gt: "" }, argument), failed("'collection' must be a string"));
      await refused(ann, name, at("secrets", argument), noRule("main.secrets"));
      await refused(ann, name, { database: "usher", collection: "users", ...argument }, noRule("usher.users"));
      if (query) {
        await refused(ann, name, at("open", { ...argument, [query]: "all" }), failed(`'${query}' must be a document`));
        await refused(ann, name, at("open", { ...argument, [query]: { $who: ONE } }), failed(
          "(BadValue) unknown top level operator: $who. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.",
        ));
        await refused(ann, name, at("open", { ...argument, [query]: { n: { $who: ONE } } }), failed(/unknown operator: \$who\. .* \(at filter\.n\)$/));
        for (const operator of ["$where", "$expr", "$text", "$jsonSchema"]) {
          await refused(ann, name, at("open", { ...argument, [query]: { [operator]: {} } }), failed(new RegExp(`\\${operator}`)));
        }
      }
    });
  }
});

describe("of updates", () => {
  for (const [name, [, query]] of UPDATING) {
    test(name, async () => {
      const update = (update, more = {}) => at("open", { [query]: {}, update, ...more });
      await refused(ann, name, at("open", { [query]: {} }), failed("'update' is a required document"));
      await refused(ann, name, update("x"), failed("'update' must be a document"));
      await refused(ann, name, update({ $who: { n: ONE } }), failed(
        "(FailedToParse) Unknown modifier: $who. Expected a valid update modifier or pipeline-style update specified as an array",
      ));
      await refused(ann, name, update({ $set: { n: ONE }, text: "x" }), failed(
        "(FailedToParse) an update has either operators alone, such as $set, or fields alone: each member must be an update operator",
      ));
      await refused(ann, name, update({ $set: { n: ONE } }, { arrayFilters: {} }), failed(/takes an array of query documents \(at options\.arrayFilters\)$/));
      await refused(ann, name, update({ $set: { _id: { $numberInt: "7" } } }), [500, "MongoDBError", /^\(\w+\) /]);
      await refused(ann, name, update({ $inc: { n: "x" } }), [500, "MongoDBError", /^\(\w+\) /]);
    });
  }

  test("findOneAndReplace", async () => {
    const refuse = (argument, failure) => refused(ann, "findOneAndReplace", at("open", { filter: {}, ...argument }), failure);
    await refuse({ update: { $set: { n: ONE } } }, failed("the replace operation document must not contain atomic operators"));
    await refuse({ update: { text: "x", $who: ONE } }, failed("the replace operation document must not contain atomic operators"));
    await refuse({ upsert: true }, failed("'update' is a required document"));
    await refuse({ update: { _id: { $numberInt: "7" } } }, [500, "MongoDBError", /^\(\w+\) /]);
  });
});

test("of aggregations", async () => {
  const refuse = (pipeline, failure) => refused(ann, "aggregate", at("open", { pipeline }), failure);
  await refuse(undefined, failed("'pipeline' is a required array"));
  await refuse({}, failed("'pipeline' must be an array"));
  await refuse(["x"], failed("'pipeline' must be an array of documents"));
  await refuse([{ $who: ONE }], failed("(Location40324) Unrecognized pipeline stage name: '$who'."));
  await refuse([{ $match: {}, $limit: ONE }], failed(/each stage is a document with one field/));
  for (const stage of ["$lookup", "$graphLookup", "$unionWith", "$facet", "$merge", "$out", "$collStats", "$indexStats", "$geoNear", "$search", "$documents"]) {
    await refuse([{ [stage]: {} }], failed(new RegExp(`\\${stage}`)));
  }
  await refuse([{ $set: { x: { $function: {} } } }], failed(/\$function/));
  await refuse([{ $set: { x: { $divide: [ONE, { $numberInt: "0" }] } } }], [500, "MongoDBError", /^\(\w+\) /]);
});

describe("of inserts", () => {
  test("arguments", async () => {
    await refused(ann, "insertOne", at("open", {}), failed("'document' is a required document"));
    await refused(ann, "insertOne", at("open", { document: "x" }), failed("'document' must be a document"));
    await refused(ann, "insertMany", at("open", {}), failed("'documents' is a required array"));
    await refused(ann, "insertMany", at("open", { documents: {} }), failed("'documents' must be an array"));
    await refused(ann, "insertMany", at("open", { documents: ["x"] }), failed("'documents' must be an array of documents"));
    await refused(ann, "insertMany", at("open", { documents: [] }), failed(/must provide at least one element/));
    for (const name of INSERTING) {
      const argument = name === "insertOne" ? { document: { $who: ONE } } : { documents: [{ $who: ONE }] };
      await refused(ann, name, at("open", argument), failed(/the field name `\$who` begins with `\$`/));
    }
  });

  test("a key that is taken", async () => {
    const duplicate = [500, "MongoDBError", /^\(DuplicateKey\) Duplicate key error/];
    await refused(ann, "insertOne", at("open", { document: { _id: ONE } }), duplicate);
    await refused(ann, "insertMany", at("open", { documents: [{ _id: ONE }, { _id: { $numberInt: "8" } }] }), duplicate);
  });
});

describe("of rules", () => {
  const denied = (what) => [400, "NoMatchingRuleFound", `${what} not permitted`];
  const seen = { _id: ONE };

  test("inserts", async () => {
    await refused(ann, "insertOne", at("notes", { document: { owner_id: "somebody" } }), denied("insert"));
    await refused(ann, "insertMany", at("notes", { documents: [{ owner_id: ann.id }, { owner_id: "somebody" }] }), denied("insert"));
    for (const [name, [, query]] of UPDATING) {
      await refused(ann, name, at("notes", { [query]: { _id: "new" }, update: { $set: { owner_id: "somebody" } }, upsert: true }), denied("insert"));
      await refused(ann, name, at("notes", { [query]: { _id: { $numberInt: "2" } }, update: SET, upsert: true }), denied("insert"));
    }
    await refused(ann, "findOneAndReplace", at("notes", { filter: { _id: "new" }, update: { text: "x" }, upsert: true }), denied("insert"));
  });

  test("updates", async () => {
    for (const [name, [, query]] of UPDATING) {
      for (const update of [SET, { text: "x" }, { $set: { owner_id: ann.id } }]) {
        await refused(ann, name, at("notes", { [query]: seen, update }), denied("update"));
      }
    }
    await refused(ann, "findOneAndReplace", at("notes", { filter: seen, update: { owner_id: ann.id } }), denied("update"));
  });

  test("deletes", async () => {
    await refused(ann, "deleteOne", at("notes", { query: seen }), denied("delete"));
    await refused(ann, "deleteMany", at("notes", { query: {} }), denied("delete"));
    await refused(ann, "findOneAndDelete", at("notes", { filter: seen }), denied("delete"));
    // As realm-web sends it.
    await refused(ann, "findOneAndReplace", at("notes", { filter: seen }), denied("delete"));
  });
});

test("of schemas, in the words that clients know (reference 6)", async () => {
  const misfit = (what, why) => [400, "SchemaValidationFailedWrite", `${what} not permitted: schema validation failed: ${why}`];
  const [price, missing] = ['"price" must be of the type double, not string', '"price" is missing'];
  const [lamp, dear] = [{ name: "lamp" }, { $set: { price: "dear" } }];
  await refused(clerk, "insertOne", at("products", { document: { name: "desk" } }), misfit("insert", missing));
  await refused(clerk, "insertMany", at("products", { documents: [{ name: "desk", price: "dear" }] }), misfit("insert", price));
  for (const [name, [, query]] of UPDATING) {
    await refused(clerk, name, at("products", { [query]: lamp, update: dear }), misfit("update", price));
    await refused(clerk, name, at("products", { [query]: lamp, update: lamp }), misfit("update", missing));
    await refused(clerk, name, at("products", { [query]: { name: "desk" }, update: dear, upsert: true }), misfit("insert", price));
  }
  await refused(clerk, "findOneAndReplace", at("products", { filter: lamp, update: lamp }), misfit("update", missing));
});

test("nothing of all this was written", async () => {
  assert.equal(await everything(), stored);
});
