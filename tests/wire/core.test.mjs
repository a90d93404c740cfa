// The core that the native SDKs share (Swift, Kotlin, .NET, Flutter, C++, React Native), as the one release of realm that
// holds it for browsers: C++ compiled to WebAssembly, unmodified, in headless Chromium.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launch, open, site } from "./chromium.mjs";
import { hs256, inSeconds, startIssuer } from "./issuer.mjs";
import { SECRET, serve, variant } from "./providers.mjs";
import { PASSWORD, freshEmail } from "./realm.mjs";
import { copyOf, run } from "./usher.mjs";
import { events } from "./watching.mjs";

const of = (path) => readFileSync(new URL(`node_modules/${path}`, import.meta.url));
const IMPORTS = { imports: { bson: "/bson.mjs", debug: "/debug.mjs" } };
const files = {
  "/realm.mjs": of("realm/dist/bundle.browser.mjs"),
  "/realm-js-wasm.mjs": of("realm/dist/realm-js-wasm.mjs"),
  "/realm-js-wasm.wasm": of("realm/dist/realm-js-wasm.wasm"),
  "/bson.mjs": of("bson/dist/bson.browser.esm.js"),
  // The logger that it asks for writes nothing.
  "/debug.mjs": "const log = () => {}; log.extend = () => log; export default () => log;",
  "/": `<!doctype html><meta charset="utf-8"><title>a page</title><script type="importmap">${JSON.stringify(IMPORTS)}</script>
    <script type="module">import * as Core from "/realm.mjs"; import * as BSON from "bson"; Object.assign(window, { Core, BSON });</script>`,
};

const accounts = copyOf("tests/javascript/accounts");
let issuer, usher, own, chromium, tab, requests;

before(async () => {
  [issuer, own] = await Promise.all([startIssuer(), site(files)]);
  usher = await serve(issuer, variant("providers", issuer), accounts, copyOf("tests/javascript/rules"));
  chromium = await launch();
});
after(async () => {
  await chromium?.close();
  await usher?.stop();
  await Promise.all([issuer, own].map((one) => one?.close()));
});

// Each test has a core of its own, which knows no user.
beforeEach(async () => {
  tab = await open(chromium, `${own.origin}/`);
  requests = [];
  tab.on("request", (request) => {
    if (request.url().startsWith(usher.url) && request.method() !== "OPTIONS") requests.push(request);
  });
  await tab.waitForFunction("window.Core");
});
afterEach(() => tab?.close());

/** Runs a function in the page with an app object of the core: its result in canonical Extended JSON, or `{failed}`. */
const inCore = async (id, run, ...args) => JSON.parse(await tab.evaluate(
  async (id, baseUrl, source, args) => {
    window.app ??= new Core.App({ id, baseUrl });
    try {
      return BSON.EJSON.stringify((await eval(source)(window.app, ...args)) ?? null, { relaxed: false });
    } catch (error) {
      return JSON.stringify({ failed: [error.message, error.code] });
    }
  },
  id, usher.url, `(${run})`, args,
));

/** Numbers that the core has for error codes of answers. */
const CODE = {
  InvalidSession: 4301, ServiceNotFound: 4318, FunctionNotFound: 4325, AuthError: 4346, AccountNameInUse: 4348, InvalidPassword: 4349,
};
const number = (value) => ({ $numberInt: `${value}` });
const paths = () => requests.map((request) => `${request.method()} ${request.url().slice(usher.url.length).split("?")[0]}`);
const C = "/api/client/v2.0";

describe("users", () => {
  test("the core asks where to go first; what a login answers it understands", async () => {
    const user = await inCore("rules", async (app) => {
      const user = await app.logIn(Core.Credentials.anonymous());
      return { id: user.id, device: user.deviceId, state: user.state, provider: user.providerType, current: app.currentUser.id };
    });
    assert.deepEqual(paths(), [
      `GET ${C}/app/rules/location`, `POST ${C}/app/rules/auth/providers/anon-user/login`, `GET ${C}/auth/profile`,
    ]);
    assert.match(user.id, /^[0-9a-f]{24}$/);
    assert.match(user.device, /^[0-9a-f]{24}$/);
    assert.deepEqual([user.state, user.provider, user.current], ["LoggedIn", "anon-user", user.id]);
  });

  test("custom user data comes with types at the first login, and anew when asked for", async () => {
    const first = await inCore("rules", async (app) => {
      const user = await app.logIn(Core.Credentials.anonymous());
      return { id: user.id, data: user.customData };
    });
    assert.equal(first.data.role, "customer");
    const change = { $set: { role: "clerk", age: 42, since: new Date(0) } };
    await usher.inDatabase((mongo) => mongo.db("main").collection("people").updateOne({ user_id: first.id }, change));
    const after = await inCore("rules", (app) => app.currentUser.refreshCustomData());
    assert.deepEqual([after.role, after.age], ["clerk", number(42)]);
    assert.deepEqual(paths().at(-1), `POST ${C}/auth/session`);
    assert.deepEqual(await inCore("providers", async () => {
      const bare = new Core.App({ id: "providers", baseUrl: window.app.internal.config.baseUrl });
      return (await bare.logIn(Core.Credentials.anonymous())).customData;
    }), {}, "an app without custom user data");
  });

  test("e-mail and password: registered, refused, linked, logged out, deleted", async () => {
    const story = await inCore("providers", async (app, email, password) => {
      const refused = (promise) => promise.then(() => "done", (error) => [error.message, error.code]);
      const user = await app.logIn(Core.Credentials.anonymous());
      await app.emailPasswordAuth.registerUser({ email, password });
      const taken = await refused(app.emailPasswordAuth.registerUser({ email, password }));
      const wrong = await refused(app.logIn(Core.Credentials.emailPassword(email, "not the password")));
      await user.linkCredentials(Core.Credentials.emailPassword(email, password));
      const linked = { identities: user.identities.length, profile: user.profile, who: await user.functions.whoAmI() };
      await user.logOut();
      const again = await app.logIn(Core.Credentials.emailPassword(email, password));
      const same = again.id === linked.who.id;
      await app.deleteUser(again);
      const gone = await refused(app.logIn(Core.Credentials.emailPassword(email, password)));
      return { taken, wrong, linked, same, gone, left: Object.keys(app.allUsers).length };
    }, freshEmail("core"), PASSWORD);
    assert.deepEqual(story.taken, ["name already in use", number(CODE.AccountNameInUse)]);
    assert.deepEqual(story.wrong, ["unauthorized", number(CODE.InvalidPassword)]);
    assert.deepEqual(story.linked.identities, number(2));
    assert.deepEqual(story.linked.who.providers, ["anon-user", "local-userpass"]);
    assert.equal(story.linked.profile.email, story.linked.who.data.email);
    assert.deepEqual([story.same, story.gone, story.left], [true, story.wrong, number(0)]);
  });

  test("a password is reset by a function with arguments", async () => {
    const email = freshEmail("yes-core");
    await inCore("accounts", async (app, email, password) => {
      await app.emailPasswordAuth.registerUser({ email, password });
      await app.emailPasswordAuth.callResetPasswordFunction({ email, password: "another password" }, "success", 1);
      await app.logIn(Core.Credentials.emailPassword(email, "another password"));
    }, email, PASSWORD).then((failed) => assert.equal(failed, null));
    const reset = await usher.inDatabase((mongo) => mongo.db("accounts").collection("resets").findOne({ username: email }));
    assert.deepEqual(reset.more, [1]);
  });

  test("API keys: made, listed, switched off and on, used, deleted", async () => {
    const keys = await inCore("accounts", async (app, email, password) => {
      await app.emailPasswordAuth.registerUser({ email, password });
      const user = await app.logIn(Core.Credentials.emailPassword(email, password));
      const made = await user.apiKeys.create("laptop");
      const [listed] = await user.apiKeys.fetchAll();
      await user.apiKeys.disable(made._id);
      const off = await user.apiKeys.fetch(made._id);
      const refused = await app.logIn(Core.Credentials.apiKey(made.key)).catch((error) => error.message);
      await user.apiKeys.enable(made._id);
      const same = (await app.logIn(Core.Credentials.apiKey(made.key))).id === user.id;
      await user.apiKeys.delete(made._id);
      return { made, listed, off, refused, same, left: await user.apiKeys.fetchAll() };
    }, freshEmail("yes-keys"), PASSWORD);
    assert.equal(keys.made.name, "laptop");
    assert.ok(keys.made.key.length > 20);
    assert.deepEqual(keys.listed, { _id: keys.made._id, name: "laptop", disabled: false });
    assert.deepEqual(keys.off, { _id: keys.made._id, name: "laptop", disabled: true });
    assert.deepEqual([keys.refused, keys.same, keys.left], ["unauthorized", true, []]);
  });

  test("credentials of other authorities", async () => {
    const token = hs256(SECRET, { sub: "core", aud: "providers", exp: inSeconds(600), iat: inSeconds(0) });
    const google = issuer.idToken("google-client");
    const users = await inCore("providers", async (app, token, google, apple, facebook) => {
      const { Credentials } = Core;
      const all = [Credentials.jwt(token), Credentials.function({ username: "core" }), Credentials.google({ idToken: google }),
        Credentials.apple(apple), Credentials.facebook(facebook)];
      const users = [];
      for (const one of all) users.push((await (await app.logIn(one)).functions.whoAmI()).providers[0]);
      return users;
    }, token, google, issuer.idToken("apple-client"), issuer.accessToken("facebook-client"));
    assert.deepEqual(users, ["custom-token", "custom-function", "oauth2-google", "oauth2-apple", "oauth2-facebook"]);
  });
});

describe("tokens", () => {
  /** The next call goes out with an access token that nobody issued. */
  async function spoilAccessToken() {
    requests.length = 0;
    await tab.setRequestInterception(true);
    let spoilt = false;
    tab.on("request", (request) => {
      const headers = request.headers();
      if (!spoilt && headers.authorization && request.method() === "POST") {
        spoilt = true;
        headers.authorization = "Bearer not.a.token";
      }
      request.continue({ headers });
    });
  }
  const count = (app) => app.currentUser.mongoClient("mongodb-atlas").db("main").collection("open").count({ _id: "none" });
  const call = `POST ${C}/app/rules/functions/call`;

  test("an access token that is refused is renewed, and the call made again", async () => {
    await inCore("rules", (app) => app.logIn(Core.Credentials.anonymous()).then(() => null));
    await spoilAccessToken();
    assert.deepEqual(await inCore("rules", count), number(0));
    assert.deepEqual(paths(), [call, `POST ${C}/auth/session`, call]);
  });

  test("a user whose sessions were ended is logged out", async () => {
    const id = await inCore("accounts", async (app) => (await app.logIn(Core.Credentials.anonymous())).id);
    const done = run("users", "disable", id, "--app", accounts, "--mongodb", usher.mongodb);
    assert.equal(done.status, 0, done.stderr);
    // Calls for API keys bear the refresh token.
    const { failed: [message, code] } = await inCore("accounts", (app) => app.currentUser.apiKeys.fetchAll());
    assert.match(message, /invalid session/);
    assert.equal(code, CODE.InvalidSession);
    assert.equal(await inCore("accounts", (app) => app.currentUser), null);
  });
});

describe("functions and data", () => {
  const logIn = (id) => inCore(id, (app) => app.logIn(Core.Credentials.anonymous()).then((user) => user.id));
  const onOpen = (run, ...args) => inCore("rules", `async (app, ...args) =>
    (${run})(app.currentUser.mongoClient("mongodb-atlas").db("main").collection("open"), ...args)`, ...args);

  test("errors keep their message, and have the number that the core knows", async () => {
    await logIn("providers");
    const failed = (text, code) => ({ failed: [text, CODE[code]] });
    assert.deepEqual(await inCore("providers", (app) => app.currentUser.functions.nope()), failed("function not found: 'nope'", "FunctionNotFound"));
    assert.deepEqual(await inCore("providers", (app) => app.currentUser.push("gcm").register("x")), failed("service not found: 'gcm'", "ServiceNotFound"));
    assert.deepEqual(
      await inCore("providers", (app) => app.logIn(Core.Credentials.function({ password: "wrong" }))),
      failed("Authentication failed", "AuthError"),
    );
  });

  test("every action of the MongoDB service", async () => {
    await logIn("rules");
    assert.equal(await onOpen(async (open) => {
      await open.deleteMany({});
      return null;
    }), null);
    const written = await onOpen(async (open) => ({
      one: await open.insertOne({ _id: 1, n: 1 }),
      many: await open.insertMany([{ _id: 2, n: 2 }, { _id: 3, n: 3 }]),
      updated: await open.updateOne({ n: 2 }, { $set: { odd: false } }),
      upserted: await open.updateOne({ _id: 7 }, { $set: { n: 7 } }, { upsert: true }),
      all: await open.updateMany({}, { $set: { seen: true } }),
    }));
    assert.deepEqual(written, {
      one: { insertedId: number(1) },
      many: { insertedIds: [number(2), number(3)] },
      updated: { matchedCount: number(1), modifiedCount: number(1) },
      upserted: { matchedCount: number(0), modifiedCount: number(0), upsertedId: number(7) },
      all: { matchedCount: number(4), modifiedCount: number(4) },
    });
    const read = await onOpen(async (open) => ({
      find: await open.find({ n: { $gt: 1 } }, { sort: { n: -1 }, limit: 2, projection: { n: 1 } }),
      one: await open.findOne({ n: 2 }, { projection: { seen: 0 } }),
      none: await open.findOne({ n: 99 }),
      count: await open.count({ n: { $lt: 3 } }),
      sum: await open.aggregate([{ $group: { _id: null, n: { $sum: "$n" } } }]),
    }));
    assert.deepEqual(read, {
      find: [{ _id: number(7), n: number(7) }, { _id: number(3), n: number(3) }],
      one: { _id: number(2), n: number(2), odd: false },
      none: null,
      count: number(2),
      sum: [{ _id: null, n: number(13) }],
    });
    const found = await onOpen(async (open) => ({
      updated: await open.findOneAndUpdate({ n: 3 }, { $set: { n: 4 } }, { returnNewDocument: true, projection: { n: 1 } }),
      replaced: await open.findOneAndReplace({ n: 4 }, { n: 5 }, { projection: { n: 1 } }),
      deleted: await open.findOneAndDelete({ n: 5 }),
      one: await open.deleteOne({ n: 2 }),
      rest: await open.deleteMany({}),
    }));
    assert.deepEqual(found, {
      updated: { _id: number(3), n: number(4) },
      replaced: { _id: number(3), n: number(4) },
      deleted: { _id: number(3), n: number(5) },
      one: { deletedCount: number(1) },
      rest: { deletedCount: number(2) },
    });
  });

  test("rules refuse what they refuse to everybody", async () => {
    await logIn("rules");
    const insert = (app) => app.currentUser.mongoClient("mongodb-atlas").db("main").collection("products").insertOne({});
    const { failed: [message] } = await inCore("rules", insert);
    assert.equal(message, "insert not permitted");
  });

  test("the address that the core makes for a watch brings events", async () => {
    await logIn("rules");
    const address = await inCore("rules", (app) => app.internal.makeStreamingRequest(
      app.currentUser.internal, "watch", [{ database: "main", collection: "open" }], "mongodb-atlas",
    ).url);
    assert.match(address, /functions\/call\?baas_request=.+&baas_at=/);
    const end = new AbortController();
    const reply = await fetch(address, { signal: end.signal, headers: { Accept: "text/event-stream" } });
    assert.equal(reply.headers.get("content-type"), "text/event-stream");
    const stream = events(reply.body);
    await usher.inDatabase((mongo) => mongo.db("main").collection("open").insertOne({ _id: "watched" }));
    assert.equal((await stream.next()).value.data.documentKey._id, "watched");
    end.abort();
  });
});
