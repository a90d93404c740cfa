// The exported apps of tests/apps, as they are: every row of the tables in its README.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as Realm from "realm-web";
import { newUser, realmError, register, thrown } from "./realm.mjs";
import { copyOf, run, start } from "./usher.mjs";

const SECRET = "a secret of 24 characters";

const anonymous = (app) => app.logIn(Realm.Credentials.anonymous(false));
const isObjectId = (value) => assert.match(value.toHexString(), /^[0-9a-f]{24}$/);
async function unknown(user, ...names) {
  for (const name of names) {
    await assert.rejects(
      user.callFunction(name),
      realmError(404, "FunctionNotFound", `function not found: '${name}'`),
    );
  }
}

/** What each app does, told by a new user; `look` runs something with the database. */
const stories = {
  "recipe-box": { id: "recipe-box", async tell(app, look) {
    const { user, email } = await newUser(app);
    const call = user.functions;
    const other = await anonymous(app);
    const cooks = (find) => look((mongo) => find(mongo.db("recipes").collection("cooks")));
    const { _id, created, ...cook } = await cooks((all) => all.findOne({ user_id: user.id }));
    assert.deepEqual(cook, { user_id: user.id, email, level: 1 });
    assert.ok(created instanceof Date);
    assert.equal((await cooks((all) => all.findOne({ user_id: other.id }))).email, null);

    assert.deepEqual(await call.whoAmI(), { id: user.id, type: "normal", level: 1, system: false });
    assert.deepEqual(await call.rename("Ada"), { matchedCount: 1, modifiedCount: 1, name: "Ada" });
    assert.deepEqual(await call.rename("Ada"), { matchedCount: 1, modifiedCount: 0, name: "Ada" });
    assert.equal("name" in (await cooks((all) => all.findOne({ user_id: other.id }))), false);
    isObjectId(await call.addRecipe({ title: "Soup", minutes: 45 }));
    isObjectId(await call.addRecipe({ title: "Bread", servings: 4 }));
    const bread = await look((mongo) => mongo.db("recipes").collection("recipes").findOne({ owner: user.id, title: "Bread" }));
    assert.deepEqual({ ...bread, _id: null }, { _id: null, title: "Bread", minutes: 30, servings: 4, owner: user.id });
    await assert.rejects(call.addRecipe({ title: " " }), thrown("Error: a recipe needs a title"));
    assert.deepEqual(await call.myRecipes(), [{ title: "Bread", minutes: 30 }, { title: "Soup", minutes: 45 }]);
    assert.deepEqual(await call.resetPassword({}), { status: "fail" });
    await unknown(user, "onUserCreation");
  } },

  "field-notes": { id: "field-notes-qwert", async tell(app) {
    const { user } = await newUser(app);
    const save = (...parts) => user.callFunction("notes/save", ...parts);
    assert.deepEqual(await save("Blue Tit", "in the oak"), { slug: "blue-tit", created: true });
    assert.deepEqual(await save(" Blue tit! ", "again"), { slug: "blue-tit", created: false });
    assert.deepEqual(await save("Ash tree", ""), { slug: "ash-tree", created: true });
    assert.deepEqual(await save("Crow", ""), { slug: "crow", created: true });
    assert.deepEqual(await user.callFunction("notes/list"), {
      greeting: "Good morning",
      notes: [{ slug: "ash-tree", revisions: 1 }, { slug: "blue-tit", revisions: 2 }],
    });
    assert.deepEqual(await user.functions.settings(), {
      tag: "production", bucket: "notes-live", region: "eu-west-1", tags: ["bird", "tree"], unknown: true,
    });
    assert.equal(await user.functions.keyLength(), SECRET.length);
    await unknown(user, "utils/slug");
    await assert.rejects(user.callFunction("admin/purge"), /rule not matched for function "admin\/purge"/);
  } },

  "club-site": { id: "club-site-asdfg", async tell(app) {
    const user = await anonymous(app);
    assert.equal(await user.callFunction("members/join", "Grace"), "Welcome, Grace!");
    assert.deepEqual(await user.callFunction("members/count"), {
      members: 1, me: { name: "Grace", since: 2024 }, names: ["Grace"],
    });
    assert.deepEqual(await user.functions.nextMeeting("2024-05-01T10:00:00Z"), {
      date: new Date("2024-05-06T10:00:00Z"), day: "Monday",
    });
    assert.equal(await user.functions.badge("ada"), "fdee430d40bd");
    await unknown(user, "scratch");
  } },

  "book-swap": { id: "book-swap-lkjhg", async tell(app, look) {
    const user = await anonymous(app);
    const call = user.functions;
    assert.equal(await call.offer("Emma"), "Emma");
    assert.equal(await call.offer("Dune", "5f00000000000000000000ab"), "Dune");
    assert.deepEqual(await call.shelf(), {
      mine: [{ title: "Dune", copies: 2 }, { title: "Emma", copies: 2 }], count: 2,
    });
    assert.equal(await call.summarize(), 2);
    assert.deepEqual(await call.describe("Dune"), {
      greeting: "Hello, Dune", copies: 3, id: "5f00000000000000000000ab", json: '{"long":{"$numberLong":"5"}}',
    });
    assert.equal(await call.keepReading(17), 17);
    assert.equal(await call.keepReading(18), 18);
    const kept = await look((mongo) => mongo.db("swap").collection("readers").find({ userId: user.id }).toArray());
    assert.deepEqual(kept.map(({ page }) => page), [18]);
    await unknown(user, "db/collection", "readerBook");
  } },

  "crew-list": { id: "crew-list-poiuy", async tell(app) {
    const ann = await register(app, "ann@example.com");
    await register(app, "bob@example.com");
    const call = ann.functions;
    assert.deepEqual(await call.myDocument(), {
      visible: 1,
      document: { _id: ann.id, _partition: `user=${ann.id}`, name: "ann@example.com", crew: [] },
    });
    assert.deepEqual(await call.setNickname("Annie"), { nickname: "Annie" });
    assert.deepEqual(await call.addCrewMember("nobody@example.com"), { error: "User nobody@example.com not found" });
    assert.deepEqual(await call.addCrewMember("ann@example.com"), { error: "You are on your own crew already!" });
    assert.deepEqual(await call.addCrewMember("bob@example.com"), { matchedCount: 1, modifiedCount: 1 });
    // Bob has no nickname: the function returns undefined for it, which realm-web reads as null (reference 3.7).
    assert.deepEqual(await call.getMyCrew(), [{ name: "bob@example.com", nickname: null }]);
    assert.deepEqual(await call.resetFunc({}), { status: "fail" });
    await unknown(ann, "createNewUserDocument");
  } },

  "score-keeper": { id: "score-keeper-zxcvb", async tell(app) {
    const call = (await anonymous(app)).functions;
    for (const [player, points] of [["Ada", 3], ["Bob", 5], ["Ada", 4]]) {
      assert.deepEqual(await call.addScore("chess", player, points), { saved: true, id: 24 });
    }
    await assert.rejects(call.addScore("chess", "Ada", 101), thrown("Error: too many points: 101"));
    assert.deepEqual(await call.leaderboard("chess"), [{ _id: "Ada", total: 7 }, { _id: "Bob", total: 5 }]);
    assert.deepEqual(await call.best("chess"), { player: "Bob", points: 5 });
    assert.equal(await call.sum([1, 2, 3]), 6);
    assert.equal(await call.leaked(), "undefined");
    assert.equal(await call.clear("chess"), 3);
  } },
};

const environment = { USHER_SECRET_FIELDNOTESAPIKEY: SECRET };

describe("imported, and served together", () => {
  let usher;

  before(async () => {
    const directories = Object.keys(stories).map((name) => copyOf(`tests/apps/${name}`));
    for (const directory of directories) {
      const { status, stderr } = run("import", directory);
      assert.equal(status, 0, stderr);
    }
    usher = await start(["serve", ...directories.flatMap((directory) => ["--app", directory])], environment);
  });
  after(() => usher?.stop());

  for (const [name, { id, tell }] of Object.entries(stories)) {
    test(name, () => tell(usher.app(id), (look) => usher.inDatabase(look)));
  }
});

describe("started with usher dev, which imports", () => {
  for (const [name, { id, tell }] of Object.entries(stories)) {
    test(name, async () => {
      const usher = await start(["dev", copyOf(`tests/apps/${name}`)], environment);
      try {
        await tell(usher.app(id), (look) => usher.inDatabase(look));
      } finally {
        await usher.stop();
      }
    });
  }
});

test("without its secret an app runs, and the value is missing", async () => {
  const usher = await start(["dev", copyOf("tests/apps/field-notes")]);
  try {
    assert.match(usher.log, /fieldNotesApiKey/, "the missing secret is named");
    const { user } = await newUser(usher.app("field-notes-qwert"));
    assert.equal(await user.functions.keyLength(), -1);
  } finally {
    await usher.stop();
  }
});

test("real-apps 10.14: what Usher does not run is reported, file by file", () => {
  const directory = copyOf("tests/apps/book-swap");
  mkdirSync(join(directory, "sync"));
  writeFileSync(join(directory, "sync/config.json"), '{ "type": "flexible", "state": "enabled", "database_name": "swap" }');
  const { status, stderr, stdout } = run("check", directory);
  assert.equal(status, 0, stderr);
  const said = stdout + stderr;
  assert.match(said, /sync\/config\.json.*: not run by Usher: Device Sync, because /);
  assert.match(said, /services\/mail\/config\.json.*: not run by Usher: /);
  assert.doesNotMatch(said, /rules\.json/, "rules are enforced");
});
