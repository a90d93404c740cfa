// The last Stitch SDK (4.9.0, of 2020): older apps still hold it. Unmodified, in Node.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import sdk from "mongodb-stitch-server-sdk";
import { PASSWORD, freshEmail } from "./realm.mjs";
import { copyOf, start } from "./usher.mjs";

let usher, stitch, user, open;
const data = (look) => usher.inDatabase((mongo) => look(mongo.db("main")));

before(async () => {
  usher = await start(["serve", "--app", copyOf("tests/javascript/rules")]);
  const settings = new sdk.StitchAppClientConfiguration.Builder().withBaseUrl(usher.url).build();
  stitch = sdk.Stitch.initializeAppClient("rules", settings);
  user = await stitch.auth.loginWithCredential(new sdk.AnonymousCredential());
  open = stitch.getServiceClient(sdk.RemoteMongoClient.factory, "mongodb-atlas").db("main").collection("open");
});
after(async () => {
  stitch?.close();
  await usher?.stop();
});

/** What an error of the SDK says: its code's name and the message. */
const failed = (name, message) => (error) => {
  assert.deepEqual([error.name, error.errorCodeName, error.message], ["StitchServiceError", name, message]);
  return true;
};

describe("users", () => {
  test("an anonymous user has custom data once it is asked for", async () => {
    assert.match(user.id, /^[0-9a-f]{24}$/);
    assert.equal(user.loggedInProviderType, "anon-user");
    await stitch.auth.refreshCustomData();
    assert.equal(stitch.auth.user.customData.role, "customer");
    await data((main) => main.collection("people").updateOne({ user_id: user.id }, { $set: { role: "clerk" } }));
    await stitch.auth.refreshCustomData();
    assert.equal(stitch.auth.user.customData.role, "clerk");
  });

  test("an e-mail address is registered and linked, and logs in again", async () => {
    const email = freshEmail("stitch");
    await stitch.auth.getProviderClient(sdk.UserPasswordAuthProviderClient.factory).registerWithEmail(email, PASSWORD);
    const linked = await stitch.auth.user.linkWithCredential(new sdk.UserPasswordCredential(email, PASSWORD));
    assert.deepEqual(linked.identities.map((one) => one.providerType), ["anon-user", "local-userpass"]);
    assert.equal(linked.profile.email, email);
    // It knows no code for this.
    const wrong = new sdk.UserPasswordCredential(email, "not the password");
    await assert.rejects(stitch.auth.loginWithCredential(wrong), failed("Unknown", "unauthorized"));
    assert.equal((await stitch.auth.loginWithCredential(new sdk.UserPasswordCredential(email, PASSWORD))).id, user.id);
  });
});

describe("functions and data", () => {
  test("errors keep their code and message", async () => {
    await assert.rejects(stitch.callFunction("nope", []), failed("FunctionNotFound", "function not found: 'nope'"));
    const teams = stitch.getServiceClient(sdk.RemoteMongoClient.factory, "mongodb-atlas").db("main").collection("teams");
    await assert.rejects(teams.insertOne({}), failed("NoMatchingRuleFound", "insert not permitted"));
  });

  test("every action of the MongoDB service", async () => {
    assert.equal((await open.insertOne({ _id: 1, n: 1, at: new Date(0) })).insertedId, 1);
    assert.deepEqual((await open.insertMany([{ _id: 2, n: 2 }, { _id: 3, n: 3 }])).insertedIds, { 0: 2, 1: 3 });
    assert.deepEqual(await open.find({}, { sort: { n: -1 }, limit: 2 }).toArray(), [{ _id: 3, n: 3 }, { _id: 2, n: 2 }]);
    assert.deepEqual(await open.findOne({ n: 1 }, { projection: { at: 1, _id: 0 } }), { at: new Date(0) });
    assert.equal(await open.findOne({ n: 99 }), null);
    assert.equal(await open.count({ n: { $gt: 1 } }), 2);
    assert.deepEqual(await open.aggregate([{ $group: { _id: null, n: { $sum: "$n" } } }]).toArray(), [{ _id: null, n: 6 }]);
    const counts = ({ matchedCount, modifiedCount, upsertedId }) => [matchedCount, modifiedCount, upsertedId];
    assert.deepEqual(counts(await open.updateOne({ n: 2 }, { $set: { x: 1 } })), [1, 1, undefined]);
    assert.deepEqual(counts(await open.updateMany({ _id: 7 }, { $set: { n: 7 } }, { upsert: true })), [0, 0, 7]);
    assert.deepEqual(await open.findOneAndUpdate({ n: 3 }, { $set: { n: 4 } }, { returnNewDocument: true }), { _id: 3, n: 4 });
    assert.deepEqual(await open.findOneAndReplace({ n: 4 }, { n: 5 }), { _id: 3, n: 4 });
    assert.deepEqual(await open.findOneAndDelete({ n: 5 }), { _id: 3, n: 5 });
    assert.deepEqual(await open.deleteOne({ n: 2 }), { deletedCount: 1 });
    assert.deepEqual(await open.deleteMany({}), { deletedCount: 2 });
  });

  test("a watch brings events, and those of chosen documents alone", async () => {
    const streams = [await open.watch(), await open.watch(["chosen"])];
    try {
      const next = streams.map((stream) => new Promise((resolve) => stream.onNext(resolve)));
      await data((main) => main.collection("open").insertMany([{ _id: "other" }, { _id: "chosen" }]));
      const ids = (await Promise.all(next)).map((event) => event.documentKey._id);
      assert.deepEqual(ids, ["other", "chosen"]);
    } finally {
      for (const stream of streams) stream.close();
    }
  });
});
