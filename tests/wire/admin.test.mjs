// The admin API: what the importer of realm-js and other harnesses do, by plain fetch; then realm-web uses the app.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import * as Realm from "realm-web";
import { KEY, SECRET, admin, anonymous, assertEmpty, assertError, assertJson, begin, first, operator, realm, send, usher, withFunction } from "./administration.mjs";
import { newUser, realmError } from "./realm.mjs";
import { run, start, temporary } from "./usher.mjs";

before(begin);
after(() => usher?.stop());

describe("administrators", () => {
  test("the key that the first start prints logs in, and its session can be renewed and ended", async () => {
    const { session, profile, token } = await admin();
    for (const name of ["access_token", "refresh_token", "user_id", "device_id"]) assert.equal(typeof session[name], "string");
    assert.deepEqual(profile.roles.map((role) => role.role_name), ["GROUP_OWNER"]);
    for (const name of ["user_id", "domain_id", "type"]) assert.equal(typeof profile[name], "string");
    const refresh = { token: session.refresh_token };
    const renewed = assertJson(await send("POST", "/auth/session", refresh), 201);
    assertJson(await send("GET", "/auth/profile", { token: renewed.access_token }), 200);
    assertError(await send("POST", "/auth/session", { token }), 401, "InvalidSession", /^invalid session/);
    assertError(await send("GET", "/auth/profile", refresh), 401, "InvalidSession", /^invalid session/);
    assertEmpty(await send("DELETE", "/auth/session", refresh));
    assertError(await send("POST", "/auth/session", refresh), 401, "InvalidSession", /^invalid session/);
    assertError(await send("GET", "/auth/profile", { token }), 401, "InvalidSession", /^invalid session/);
  });

  test("nothing but a key opens the door", async () => {
    const login = (body) => send("POST", "/auth/providers/mongodb-cloud/login", { body });
    assertError(await login({ username: first.public, apiKey: "wrong" }), 401, "AuthError", "unauthorized");
    assertError(await login({ username: "nobody", apiKey: first.private }), 401, "AuthError", "unauthorized");
    assertError(await login({ username: { $gt: "" }, apiKey: { $gt: "" } }), 400, "InvalidParameter", "'username' must be a string");
    assertError(await login({ username: first.public }), 400, "MissingParameter", "'apiKey' is a required string");
    const group = "/groups/000000000000000000000000/apps";
    assertError(await send("GET", group), 401, "InvalidSession", "must authenticate first");
    assertError(await send("GET", group, { token: "a.b.c" }), 401, "InvalidSession", "invalid session");
    const { token, create, send: ask } = await admin();
    const app = await create("doors");
    await withFunction({ send: ask }, app, "exports = () => 1;");
    const user = await anonymous(app);
    assertError(await send("GET", group, { token: user.accessToken }), 401, "InvalidSession", "invalid session");
    await assert.rejects(fetch(`${usher.url}/api/client/v2.0/auth/profile`, { headers: { Authorization: `Bearer ${token}` } })
      .then((reply) => { if (reply.status === 401) throw new Error("refused"); }), /refused/);
  });

  test("a token that has expired says so, and none of another kind or from another hand passes", async () => {
    const { token } = await admin();
    const [header, payload] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
    const key = await usher.inDatabase((mongo) => mongo.db("usher").collection("admin_signing_keys").findOne());
    const signed = (claims, alg = "HS256", secret = key.secret.buffer) => {
      const parts = [{ ...header, alg }, { ...payload, ...claims }];
      const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
      return `${text}.${alg === "none" ? "" : createHmac("sha256", secret).update(text).digest("base64url")}`;
    };
    const ask = (token) => send("GET", "/auth/profile", { token });
    assertJson(await ask(signed({})), 200);
    // The importer of realm-js renews its token on this text.
    assertError(await ask(signed({ exp: payload.iat - 10 })), 401, "InvalidSession", "invalid session: access token expired");
    const nobody = "000000000000000000000000";
    for (const other of [
      signed({ typ: "refresh" }), signed({ aud: "somebody else" }), signed({ sub: nobody }), signed({ iss: nobody }),
      signed({ iss: { $gt: "" } }), signed({}, "none"), signed({}, "HS512"), signed({}, "HS256", "another key"),
    ]) {
      assertError(await ask(other), 401, "InvalidSession", "invalid session");
    }
  });

  test("too many wrong keys are refused for a while", async () => {
    const name = "guessed";
    const login = () => send("POST", "/auth/providers/mongodb-cloud/login", { body: { username: name, apiKey: "x" } });
    let reply;
    for (let attempt = 0; attempt < 40 && reply?.status !== 429; attempt++) reply = await login();
    assertError(reply, 429, "TooManyFailures", /^too many failed logins; try again in \d+ s$/);
    assert.match(reply.headers.get("retry-after"), /^\d+$/);
  });

  test("a person logs in with a password, as the harness of realm-core does", async () => {
    operator("admin", "create-user", "unique_user@domain.com", "--password", "password");
    const body = { provider: "userpass", username: "unique_user@domain.com", password: "password" };
    const session = assertJson(await send("POST", "/auth/providers/local-userpass/login", { body }), 200);
    assertJson(await send("GET", "/auth/profile", { token: session.access_token }), 200);
    const wrong = { body: { ...body, password: "Password" } };
    assertError(await send("POST", "/auth/providers/local-userpass/login", wrong), 401, "AuthError", "unauthorized");
  });

  test("who may only look changes nothing, and a deleted key opens nothing any more", async () => {
    const key = operator("admin", "create-key", "--role", "read-only", "--description", "dashboard");
    const reader = await admin(key);
    assert.deepEqual(reader.profile.roles.map((role) => role.role_name), ["GROUP_READ_ONLY"]);
    assertJson(await reader.send("GET", ""), 200);
    assertError(await reader.send("POST", "", { name: "mine" }), 403, "Forbidden", /owner/);
    const app = await (await admin()).create("looked-at");
    assertJson(await reader.send("GET", `${app.path}/functions`), 200);
    assertError(await reader.send("POST", `${app.path}/functions`, { name: "f", source: "exports = 1" }), 403, "Forbidden", /owner/);
    assertError(await reader.send("DELETE", app.path), 403, "Forbidden", /owner/);
    const { key: secret } = assertJson(await (await admin()).send("POST", `${app.path}/api_keys`, { name: "server" }), 201);
    for (const path of ["api_keys", "logs?errors_only", "logs"]) {
      assert.ok(!(await reader.send("GET", `${app.path}/${path}`)).text.includes(secret), path);
    }
    const paths = [
      "", "/functions", "/functions/1", "/values", "/secrets", "/secrets/1", "/services/1/rules", "/services/1/default_rule",
      "/auth_providers/1/enable", "/triggers/1/disable", "/custom_user_data", "/security/allowed_request_origins", "/environment",
      "/users", "/users/1", "/users/1/logout", "/users/verify_token", "/api_keys", "/api_keys/1/enable", "/sync/config", "/features",
      "/user_registrations/by_email/a@example.org/send_confirm", "/user_registrations/by_email/a@example.org", "/import",
      "/import?diff=true", "/drafts", "/drafts/1/deployment", "/deployments/1/redeploy", "/dependencies", "/dependencies/diff",
      "/debug/execute_function", "/debug/execute_function?run_as_system=true", "/logs", "/no_such_thing",
    ];
    for (const path of paths) {
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        assertError(await reader.send(method, app.path + path, {}), 403, "Forbidden", /owner/);
      }
    }
    operator("admin", "delete", key.public);
    assertError(await reader.send("GET", ""), 401, "InvalidSession", "invalid session");
    assert.ok(!operator("admin", "list").some((one) => one.name === key.public));
  });
});

describe("the importer of realm-js, call by call", () => {
  test("an app is imported and realm-web uses it at once", async () => {
    const owner = await admin();
    const app = assertJson(
      await owner.send("POST", "", { name: "imported", sync: { development_mode_enabled: true } }), 201);
    assert.match(app._id, /^[0-9a-f]{24}$/);
    assert.match(app.client_app_id, /^imported-[a-z]{5}$/);
    assert.equal(app.name, "imported");
    const at = (method, path, body) => owner.send(method, `/${app._id}${path}`, body);
    assertEmpty(await at("POST", "/security/allowed_request_origins", ["http://localhost:8080"]));
    await Promise.all(["one", "two", "tokenKey"].map(async (name) => {
      const made = assertJson(await at("POST", "/secrets", { name, value: `${SECRET}-${name}` }), 201);
      assert.deepEqual(Object.keys(made), ["_id", "name"]);
    }));
    assertJson(await at("POST", "/values", { name: "greeting", value: "Hello" }), 201);
    assertJson(await at("POST", "/values", { name: "hidden", value: "one", from_secret: true }), 201);
    assertEmpty(await at("PUT", "/sync/config", { development_mode_enabled: true }));
    const service = assertJson(
      await at("POST", "/services", { name: "mongodb", type: "mongodb", config: { uri: "mongodb://ann:pw@localhost" } }), 201);
    assert.equal(service.type, "mongodb");
    assertJson(await at("POST", `/services/${service._id}/default_rule`, {
      database: "d", collection: "c",
      roles: [{ name: "all", apply_when: {}, read: true, write: true, insert: true, delete: true }],
    }), 201);
    const http = assertJson(await at("POST", "/services", { name: "http", type: "http", config: {} }), 201);
    assertJson(await at("POST", `/services/${http._id}/rules`, { name: "any", actions: ["get"], when: {} }), 201);
    const source = (text) => ({ private: false, can_evaluate: {}, source: text });
    for (const [name, text] of Object.entries({
      sum: "exports = (...numbers) => numbers.reduce((a, b) => a + b, 0);",
      greet: "exports = () => [context.values.get('greeting'), context.values.get('hidden').length];",
      who: "exports = ({ username }) => username;",
      reset: "exports = () => ({ status: 'fail' });",
    })) {
      const made = assertJson(await at("POST", "/functions", { name, ...source(text) }), 201);
      assert.equal(made.name, name);
    }
    const functions = assertJson(await at("GET", "/functions"), 200);
    assert.deepEqual(functions.map((one) => one.name), ["sum", "greet", "who", "reset"]);
    const id = (name) => functions.find((one) => one.name === name)._id;
    const providers = assertJson(await at("GET", "/auth_providers"), 200);
    assert.deepEqual(providers.map(({ name, type, disabled }) => ({ name, type, disabled })), [
      { name: "api-key", type: "api-key", disabled: true },
    ]);
    const wanted = [
      { name: "anon-user", type: "anon-user", disabled: false },
      { name: "local-userpass", type: "local-userpass", disabled: false, config: {
        autoConfirm: true, runResetFunction: true, resetFunctionName: "reset", resetFunctionId: id("reset"),
        emailConfirmationUrl: "http://localhost/confirmEmail", resetPasswordUrl: "http://localhost/resetPassword" } },
      { name: "custom-function", type: "custom-function", disabled: false, config: {
        authFunctionName: "who", authFunctionId: id("who") } },
      { name: "custom-token", type: "custom-token", disabled: false,
        config: { audience: [], signingAlgorithm: "HS256", useJWKURI: false },
        secret_config: { signingKeys: ["tokenKey"] } },
      { name: "api-key", type: "api-key", disabled: false },
    ];
    for (const provider of wanted) {
      const current = providers.find((one) => one.type === provider.type);
      if (current) assertEmpty(await at("PATCH", `/auth_providers/${current._id}`, { ...provider, _id: current._id }));
      else assertJson(await at("POST", "/auth_providers", provider), 201);
    }

    const { user, email } = await newUser(realm(app));
    assert.equal(await user.functions.sum(1, 2, 3), 6);
    assert.deepEqual(await user.functions.greet(), ["Hello", SECRET.length + 4]);
    const named = await realm(app).logIn(Realm.Credentials.function({ username: "ada" }));
    assert.equal(await named.functions.sum(20, 22), 42);

    const listed = assertJson(await at("GET", "/users"), 200);
    assert.deepEqual(new Set(listed.map((one) => one._id)), new Set([user.id, named.id]));
    assert.equal(listed.find((one) => one._id === user.id).data.email, email);
    assertEmpty(await at("PUT", `/users/${user.id}/disable`));
    await assert.rejects(user.refreshCustomData(), realmError(401, "InvalidSession", /^invalid session/));
    assertEmpty(await at("PUT", `/users/${user.id}/enable`));
    assertEmpty(await at("PUT", `/users/${named.id}/logout`));
    assertEmpty(await at("DELETE", `/users/${named.id}`));
    assertError(await at("GET", `/users/${named.id}`), 404, "UserNotFound", "user not found");

    const run = (query, name, args) => at("POST", `/debug/execute_function${query}`, { name, arguments: args });
    const ran = assertJson(await run("?run_as_system=true", "sum", [{ $numberInt: "2" }, { $numberInt: "3" }]), 200);
    assert.deepEqual(ran.result, { $numberInt: "5" });
    assert.match(ran.stats.execution_time, /^\d+ms$/);
    assert.deepEqual([ran.logs, ran.error_logs], [[], []]);
    const chatty = "exports = () => { console.log('one', { a: 1 }); console.error('bad'); console.warn('two'); };";
    assertJson(await at("POST", "/functions", { name: "chatty", ...source(chatty) }), 201);
    const told = assertJson(await run("", "chatty", []), 200);
    assert.deepEqual([told.logs, told.error_logs], [["one { a: 1 }", "two"], ["bad"]]);
    assert.deepEqual(told.result, { $undefined: true });
    assertJson(await run(`?user_id=${user.id}`, "greet", []), 200);
    assertError(await run("", "missing", []), 404, "FunctionNotFound", "function not found: 'missing'");
  });

  test("the harness of realm-core turns the api-key provider on", async () => {
    const owner = await admin();
    const app = await owner.create("core");
    const [provider] = assertJson(await owner.send("GET", `${app.path}/auth_providers`), 200);
    assert.equal(provider.type, "api-key");
    assertEmpty(await owner.send("PUT", `${app.path}/auth_providers/${provider._id}/enable`));
    assert.equal(assertJson(await owner.send("GET", `${app.path}/auth_providers/${provider._id}`), 200).disabled, false);
    const service = { name: "BackingDB", type: "mongodb", config: { uri: "mongodb://localhost:26000" } };
    const { _id } = assertJson(await owner.send("POST", `${app.path}/services`, service), 201);
    const [listed] = assertJson(await owner.send("GET", `${app.path}/services`), 200);
    assert.deepEqual({ ...listed, last_modified: typeof listed.last_modified },
      { _id, name: "BackingDB", type: "mongodb", version: 1, last_modified: "number" });
    const metadata = { database: "db", collection: "Dog", data_source: "BackingDB" };
    const schema = { title: "Dog", properties: { _id: { bsonType: "objectId" }, name: { bsonType: "string" } }, required: ["name"] };
    const made = assertJson(await owner.send("POST", `${app.path}/schemas`, { metadata, schema, relationships: {} }), 201);
    assert.deepEqual(made.metadata, { data_source: "BackingDB", database: "db", collection: "Dog" });
    assertEmpty(await owner.send("PUT", `${app.path}/schemas/${made._id}`, { _id: made._id, metadata, schema, relationships: {} }));
    assertEmpty(await owner.send("PATCH", `${app.path}/services/${_id}/config`, { sync: { state: "enabled", database_name: "db" } }));
    assert.equal(assertJson(await owner.send("GET", `${app.path}/services/${_id}/config`), 200).sync.state, "enabled");
    const rule = { database: "db", collection: "UserData", roles: [{ name: "default", apply_when: {}, read: true, write: true }] };
    assertJson(await owner.send("POST", `${app.path}/services/${_id}/rules`, rule), 201);
    assertError(await owner.send("POST", `${app.path}/services/${_id}/rules`, rule), 400, "RuleAlreadyExists", /exists already/);
    assertEmpty(await owner.send("PATCH", `${app.path}/custom_user_data`, {
      mongo_service_id: _id, enabled: true, database_name: "db", collection_name: "UserData", user_id_field: "user_id",
    }));
    const custom = assertJson(await owner.send("GET", `${app.path}/custom_user_data`), 200);
    assert.equal(custom.mongo_service_name, "BackingDB");
    assertError(await owner.send("DELETE", `${app.path}/services/${_id}`), 400, "BadRequest", /BackingDB/);
    assertEmpty(await owner.send("DELETE", app.path));
    assertError(await owner.send("GET", app.path), 404, "AppNotFound", "app not found");
    const location = await fetch(`${usher.url}/api/client/v2.0/app/${app.client_app_id}/location`);
    assert.equal(location.status, 404);
  });

  test("private features are accepted, and the version answers", async () => {
    const version = await fetch(`${usher.url}/api/private/v1.0/version`);
    assert.equal(version.status, 200);
    const path = "/api/private/v1.0/groups/000000000000000000000000/apps/000000000000000000000000/features";
    assert.equal((await fetch(usher.url + path, { method: "POST", body: "{}" })).status, 204);
  });
});

describe("the host", () => {
  test("a host that starts runs the apps of the database, and follows what others deploy", async () => {
    const owner = await admin();
    const app = await owner.create("lasting");
    await withFunction(owner, app, "exports = () => 'still here';");
    const key = KEY;
    const other = await start(["--json", "serve", "--mongodb", usher.mongodb], { USHER_ENCRYPTION_KEY: key });
    try {
      assert.ok(!other.log.includes("admin_key"), "the first key is printed once");
      const there = new Realm.App({ id: app.client_app_id, baseUrl: other.url });
      const user = await there.logIn(Realm.Credentials.anonymous(false));
      assert.equal(await user.functions.answer(), "still here");
      const [{ _id }] = assertJson(await owner.send("GET", `${app.path}/functions`), 200);
      const changed = { name: "answer", private: false, source: "exports = () => 'changed';" };
      assertEmpty(await owner.send("PUT", `${app.path}/functions/${_id}`, changed));
      const swapped = (it) => it.log.split("\n").filter((line) => line.includes("app swapped in") && line.includes(app.client_app_id));
      // Once at its start, and now again.
      await other.logged((it) => swapped(it).length >= 2);
      assert.equal(await user.functions.answer(), "changed");
      assertEmpty(await owner.send("DELETE", app.path));
      await other.logged((it) => it.log.includes("app removed"));
    } finally {
      await other.stop();
    }
  });

  test("without a key no secret is stored, and secrets can change their key", async () => {
    const owner = await admin();
    const app = await owner.create("keyless");
    assertJson(await owner.send("POST", `${app.path}/secrets`, { name: "s", value: SECRET }), 201);
    const other = await start(["--json", "serve", "--mongodb", usher.mongodb]);
    try {
      const reply = await fetch(`${other.url}/api/admin/v3.0${owner.apps}${app.path}/secrets`, {
        method: "POST",
        headers: { Authorization: `Bearer ${owner.token}` },
        body: JSON.stringify({ name: "t", value: SECRET }),
      });
      assert.equal(reply.status, 409);
      const body = await reply.json();
      assert.equal(body.error_code, "EncryptionKeyMissing");
      assert.match(body.error, /usher secrets new-key/);
    } finally {
      await other.stop();
    }
    const old = KEY;
    const fresh = JSON.parse(run("--json", "secrets", "new-key").stdout).key;
    const { rotated } = operator("secrets", "rotate", "--encryption-key", `${fresh},${old}`);
    assert.ok(rotated >= 1);
    assert.equal(operator("secrets", "rotate", "--encryption-key", fresh).rotated, 0);
    // Back again, for the host that runs.
    assert.equal(operator("secrets", "rotate", "--encryption-key", `${old},${fresh}`).rotated, rotated);
  });

  test("an app that is served from a directory is there to look at, and not to change", async () => {
    const directory = temporary("served");
    writeFileSync(`${directory}/realm_config.json`, JSON.stringify({ config_version: 20210101, name: "from-directory" }));
    mkdirSync(`${directory}/auth`);
    writeFileSync(`${directory}/auth/providers.json`, JSON.stringify({ "anon-user": { name: "anon-user", type: "anon-user", disabled: false } }));
    mkdirSync(`${directory}/functions`);
    writeFileSync(`${directory}/functions/config.json`, JSON.stringify([{ name: "f", private: false }]));
    writeFileSync(`${directory}/functions/f.js`, "exports = () => 7;");
    const other = await start(["--json", "serve", "--app", directory, "--mongodb", usher.mongodb]);
    try {
      const owner = await admin();
      const at = (method, path, body) => fetch(`${other.url}/api/admin/v3.0${owner.apps}${path}`, {
        method, headers: { Authorization: `Bearer ${owner.token}` }, body: body && JSON.stringify(body),
      });
      const apps = await (await at("GET", "")).json();
      const app = apps.find((one) => one.client_app_id === "from-directory");
      assert.deepEqual(await (await at("GET", `/${app._id}/users`)).json(), []);
      const ran = await (await at("POST", `/${app._id}/debug/execute_function`, { name: "f", arguments: [] })).json();
      assert.deepEqual(ran.result, { $numberInt: "7" });
      const refused = await at("POST", `/${app._id}/functions`, { name: "g", source: "exports = 1" });
      assert.equal(refused.status, 409);
      assert.equal((await refused.json()).error_code, "AppServedFromDirectory");
    } finally {
      await other.stop();
    }
  });
});
