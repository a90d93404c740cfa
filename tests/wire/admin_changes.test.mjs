// The admin API: what changes an app or looks at it, by plain fetch; then realm-web uses the app.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as Realm from "realm-web";
import { SECRET, admin, anonymous, assertEmpty, assertError, assertJson, begin, realm, usher, withFunction } from "./administration.mjs";
import { files, structured, tar } from "./archives.mjs";
import { PASSWORD, newUser, realmError } from "./realm.mjs";

before(begin);
after(() => usher?.stop());

describe("changes", () => {
  test("what would not run is refused, and what runs goes on", async () => {
    const owner = await admin();
    const app = await owner.create("steady");
    await withFunction(owner, app, "exports = () => 'first';");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const user = await anonymous(app);
    const [{ _id }] = assertJson(await at("GET", "/functions"), 200);
    const broken = (source, text) => at("PUT", `/functions/${_id}`, { name: "answer", private: false, source })
      .then((reply) => assertError(reply, 400, "BadRequest", text));
    await broken("exports = () => {", /functions\/answer\.js/);
    await broken("throw new Error('at the top');", /at the top/);
    assertError(await at("POST", "/functions", { name: "answer", source: "exports = 1" }), 400, "FunctionDuplicateName", /answer/);
    assertError(await at("POST", "/functions", { name: "../../evil", source: "exports = 1" }), 400, "BadRequest", /cannot be a file/);
    assertError(await at("POST", "/functions", { name: "has spaces", source: "exports = 1" }), 400, "BadRequest", /has spaces/);
    assertError(await at("POST", "/functions", { name: "nothing" }), 400, "MissingParameter", "'source' is a required string");
    assertError(await at("POST", "/functions", { name: { $ne: 1 }, source: "x" }), 400, "InvalidParameter", "'name' must be a string");
    assertError(await at("POST", "/auth_providers", { type: "oauth2-nobody" }), 400, "BadRequest", /oauth2-nobody/);
    assertError(await at("GET", "/functions/000000000000000000000000"), 404, "FunctionNotFound", "function not found");
    assertError(await at("PUT", "/values/nope", {}), 404, "ValueNotFound", "value not found");
    assertError(await owner.send("GET", "/000000000000000000000000/functions"), 404, "AppNotFound", "app not found");
    assertError(await at("GET", "/no_such_thing"), 404, "NotFound", /there is nothing at GET/);
    // MongoDB follows no view, so a trigger on one would never fire.
    await usher.inDatabase((mongo) => mongo.db("d").createCollection("view", { viewOn: "real", pipeline: [] }));
    assertJson(await at("POST", "/services", { name: "mongodb-atlas", type: "mongodb-atlas", config: {} }), 201);
    const event_processors = { FUNCTION: { config: { function_name: "answer" } } };
    const config = { service_name: "mongodb-atlas", database: "d", collection: "view", operation_types: ["INSERT"] };
    const blind = { name: "blind", type: "DATABASE", config, event_processors };
    assertError(await at("POST", "/triggers", blind), 400, "BadRequest", /the trigger "blind" cannot follow what it is about: .*view/);
    assert.deepEqual(assertJson(await at("GET", "/triggers"), 200), []);
    assert.equal(await user.functions.answer(), "first");
    assertEmpty(await at("PUT", `/functions/${_id}`, { name: "answer", private: false, source: "exports = () => 'second';" }));
    assert.equal(await user.functions.answer(), "second");
    assertEmpty(await at("DELETE", `/functions/${_id}`));
    await assert.rejects(user.callFunction("answer"), realmError(404, "FunctionNotFound", "function not found: 'answer'"));
  });

  test("an earlier deployment runs again", async () => {
    const owner = await admin();
    const app = await owner.create("back");
    await withFunction(owner, app, "exports = () => 'old';");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const [good] = assertJson(await at("GET", "/deployments"), 200);
    assert.equal(good.status, "successful");
    assert.equal(typeof good.deployed_at, "number");
    const [{ _id }] = assertJson(await at("GET", "/functions"), 200);
    assertEmpty(await at("PUT", `/functions/${_id}`, { name: "answer", private: false, source: "exports = () => 'new';" }));
    const user = await anonymous(app);
    assert.equal(await user.functions.answer(), "new");
    const again = assertJson(await at("POST", `/deployments/${good._id}/redeploy`), 201);
    assert.equal(await user.functions.answer(), "old");
    assert.equal(assertJson(await at("GET", `/deployments/${again._id}`), 200).status, "successful");
    assertError(await at("POST", "/deployments/000000000000000000000000/redeploy"), 404, "DeploymentNotFound", "deployment not found");
  });

  test("a draft gathers changes until it is deployed", async () => {
    const owner = await admin();
    const app = await owner.create("drafted");
    await withFunction(owner, app, "exports = () => 'live';");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const user = await anonymous(app);
    const draft = assertJson(await at("POST", "/drafts", {}), 201);
    assert.equal(draft.app._id, app._id);
    assertError(await at("POST", "/drafts", {}), 409, "DraftAlreadyExists", /draft/);
    const [{ _id }] = assertJson(await at("GET", "/functions"), 200);
    const put = (source) => at("PUT", `/functions/${_id}`, { name: "answer", private: false, source });
    assertEmpty(await put("exports = () => {"));
    assertError(await at("POST", `/drafts/${draft._id}/deployment`, {}), 400, "BadRequest", /answer\.js/);
    const [failed] = assertJson(await at("GET", "/deployments"), 200);
    assert.equal(failed.status, "failed");
    assert.match(failed.status_error_message, /answer\.js/);
    assert.equal(await user.functions.answer(), "live");
    assertEmpty(await put("exports = () => 'drafted';"));
    assertJson(await at("POST", "/values", { name: "v", value: 1 }), 201);
    assert.equal(await user.functions.answer(), "live");
    const { diffs } = assertJson(await at("GET", `/drafts/${draft._id}/diff`), 200);
    assert.deepEqual(diffs, ["changed functions/answer.js", "added values/v.json"]);
    const deployed = assertJson(await at("POST", `/drafts/${draft._id}/deployment`, {}), 201);
    assert.equal(deployed.status, "successful");
    assert.equal(await user.functions.answer(), "drafted");
    assert.deepEqual(assertJson(await at("GET", "/drafts"), 200), []);
    const thrown = assertJson(await at("POST", "/drafts", {}), 201);
    assertEmpty(await put("exports = () => 'never';"));
    assertEmpty(await at("DELETE", `/drafts/${thrown._id}`));
    assert.equal(await user.functions.answer(), "drafted");
    const [kept] = assertJson(await at("GET", "/functions"), 200);
    assert.match(assertJson(await at("GET", `/functions/${kept._id}`), 200).source, /drafted/);
  });

  test("secrets go in, work, and never come out", async () => {
    const owner = await admin();
    const app = await owner.create("hush");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const { _id } = assertJson(await at("POST", "/secrets", { name: "key", value: SECRET }), 201);
    assertError(await at("POST", "/secrets", { name: "key", value: "x" }), 400, "SecretDuplicateName", /key/);
    assertJson(await at("POST", "/values", { name: "held", value: "key", from_secret: true }), 201);
    await withFunction(owner, app, "exports = () => context.values.get('held').length;");
    const user = await anonymous(app);
    assert.equal(await user.functions.answer(), SECRET.length);
    assert.deepEqual(assertJson(await at("GET", "/secrets"), 200), [{ _id, name: "key" }]);
    assertError(await at("PUT", `/secrets/${_id}`, { name: "other", value: "four" }), 400, "BadRequest", /keeps its name/);
    assertEmpty(await at("PUT", `/secrets/${_id}`, { name: "key", value: "four" }));
    assert.equal(await user.functions.answer(), 4);
    const paths = ["/secrets", "/values", "/functions", "/auth_providers", "/deployments"];
    for (const path of paths) assert.ok(!(await at("GET", path)).text.includes(SECRET), path);
    const archive = await at("GET", "/export");
    assert.equal(archive.status, 200);
    assert.ok(!archive.text.includes(SECRET));
    assert.ok(!usher.log.includes(SECRET));
    await usher.inDatabase(async (mongo) => {
      const system = mongo.db("usher");
      for (const { name } of await system.listCollections().toArray()) {
        for (const document of await system.collection(name).find().toArray()) {
          assert.ok(!JSON.stringify(document).includes(SECRET), name);
          assert.ok(!Buffer.from(document.sealed?.buffer ?? []).includes(SECRET), name);
        }
      }
    });
    assertEmpty(await at("DELETE", `/secrets/${_id}`));
    assert.deepEqual(assertJson(await at("GET", "/secrets"), 200), []);
  });

  test("a whole app goes in as the command line of App Services sends it, and comes out as an archive", async () => {
    const owner = await admin();
    const app = await owner.create("whole");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const structure = {
      config_version: 20210101, name: "whole", location: "IE", deployment_model: "LOCAL",
      auth: { providers: { "anon-user": { name: "anon-user", type: "anon-user", disabled: false } }, custom_user_data: { enabled: false } },
      values: [{ name: "greeting", value: "hi", from_secret: false }],
      functions: { config: [{ name: "nested/answer", private: false }], sources: { "nested/answer.js": "exports = () => context.values.get('greeting');" } },
      data_sources: [{ config: { name: "mongodb-atlas", type: "mongodb-atlas", config: { clusterName: "Cluster0" } },
        rules: [{ database: "d", collection: "c", roles: [{ name: "all", apply_when: {}, read: true }], schema: { bsonType: "object" } }] }],
    };
    const changes = assertJson(await at("POST", "/import?diff=true&strategy=replace-by-name", structure), 200);
    assert.ok(changes.includes("added functions/nested/answer.js"), changes.join());
    assertEmpty(await at("POST", "/import?strategy=replace-by-name", structure));
    const user = await anonymous(app);
    assert.equal(await user.callFunction("nested/answer"), "hi");
    assert.deepEqual(assertJson(await at("POST", "/import?diff=true", structure), 200), []);
    const archive = await at("GET", "/export?version=20210101");
    assert.match(archive.headers.get("content-disposition"), new RegExp(`filename="${app.client_app_id}\\.zip"`));
    assert.ok(archive.text.startsWith("PK"));
    for (const path of ["functions/nested/answer.js", "data_sources/mongodb-atlas/d/c/schema.json"]) {
      assert.ok(archive.text.includes(path), path);
    }
    assertError(await at("POST", "/import", { ...structure, functions: { sources: { "../evil.js": "exports = 1" } } }), 400, "BadRequest", /cannot be a file/);
    assertError(await at("POST", "/import", { ...structure, functions: { sources: { "x/Cargo.toml": "" } } }), 400, "BadRequest", /cannot be a file/);
  });

  test("what is exported can be imported, as the command line does, and comes out as it was", async () => {
    const owner = await admin();
    const app = await owner.create("roundtrip");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const made = async (path, body) => assertJson(await at("POST", path, body), 201);
    await made("/secrets", { name: "key", value: SECRET });
    await made("/values", { name: "plain", value: { a: [1] } });
    await made("/values", { name: "held", value: "key", from_secret: true });
    await made("/environment_values", { name: "where", values: { testing: "here", production: "there" } });
    assertEmpty(await at("PUT", "/environment", { environment: "testing" }));
    assertEmpty(await at("POST", "/security/allowed_request_origins", ["https://example.org"]));
    const source = "const lower = require('./tools/lower');\nexports = ({ query }) => lower(context.values.get('plain').a[0]);\n";
    await made("/functions", { name: "tools/lower", private: true, source: "module.exports = (it) => String(it).toLowerCase();" });
    await made("/functions", { name: "answer", private: false, can_evaluate: { "%%user.type": "normal" }, source });
    const { _id } = await made("/services", { name: "mongodb-atlas", type: "mongodb-atlas", config: { clusterName: "C" } });
    await made(`/services/${_id}/default_rule`, { roles: [{ name: "none", apply_when: {}, read: false }] });
    await made(`/services/${_id}/rules`, { database: "d", collection: "c", roles: [{ name: "all", apply_when: {}, read: true }] });
    await made("/schemas", { metadata: { data_source: "mongodb-atlas", database: "d", collection: "c" }, schema: { title: "thing", bsonType: "object" } });
    await made("/auth_providers", { type: "anon-user" });
    await made("/auth_providers", { type: "custom-function", config: { authFunctionName: "tools/lower" } });
    assertEmpty(await at("PATCH", "/custom_user_data", { mongo_service_id: _id, enabled: true, database_name: "d", collection_name: "users", user_id_field: "uid" }));
    await made("/endpoints", { route: "/hello", http_method: "GET", function_name: "answer", validation_method: "NO_VALIDATION", respond_result: true });
    await made("/triggers", { name: "nightly", type: "SCHEDULED", config: { schedule: "0 3 * * *" }, event_processors: { FUNCTION: { config: { function_name: "answer" } } } });

    const exported = await files(owner, app);
    assert.ok(Object.keys(exported).length >= 17, Object.keys(exported).join());
    const copy = await owner.create("copy");
    assertJson(await owner.send("POST", `${copy.path}/secrets`, { name: "key", value: SECRET }), 201);
    assertEmpty(await owner.send("POST", `${copy.path}/import?strategy=replace-by-name`, structured(exported)));
    const again = await files(owner, copy);
    assert.equal(JSON.parse(again["realm_config.json"]).app_id, copy.client_app_id);
    again["realm_config.json"] = again["realm_config.json"].replace(copy.client_app_id, app.client_app_id);
    const parsed = (all) => Object.fromEntries(Object.entries(all).map(([path, text]) => [path, path.endsWith(".json") ? JSON.parse(text) : text]));
    assert.deepEqual(parsed(again), parsed(exported));
    const ran = assertJson(await owner.send("POST", `${copy.path}/debug/execute_function`, { name: "answer", arguments: [{}] }), 200);
    assert.equal(ran.result, "1");
  });

  test("npm packages are uploaded as an archive, outlast an import, and what is no archive is refused", async () => {
    const owner = await admin();
    const app = await owner.create("packed");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const url = `${usher.url}/api/admin/v3.0${owner.apps}${app.path}/dependencies`;
    const headers = { Authorization: `Bearer ${owner.token}` };
    const upload = async (bytes, name = "file", to = ["PUT", ""]) => {
      const form = new FormData();
      form.append("about", "packages");
      form.append(name, new Blob([bytes]), "node_modules.tar");
      const reply = await fetch(url + to[1], { method: to[0], headers, body: form });
      const text = await reply.text();
      return { status: reply.status, headers: reply.headers, text, get json() { return JSON.parse(text); } };
    };
    const archive = tar({
      "node_modules/shout/package.json": JSON.stringify({ name: "shout", version: "1.0.0", main: "index.js" }),
      "node_modules/shout/index.js": "module.exports = (text) => text.toUpperCase() + '!';",
    });
    assertError(await at("GET", "/dependencies/export"), 404, "DependenciesNotFound", "no archive was uploaded");
    // Functions come first, as the command line of App Services sends them.
    await withFunction(owner, app, "const shout = require('shout');\nexports = (text) => shout(text);");
    const user = await anonymous(app);
    const missing = realmError(400, "FunctionExecutionError", "Error: Cannot find module 'shout'");
    await assert.rejects(user.functions.answer("hello"), missing);
    const differences = async () => assertJson(await upload(archive, "file", ["POST", "/diff"]), 200);
    const { added: [{ name, version }], ...others } = await differences();
    assert.deepEqual([name, others], ["node_modules", { deleted: [], modified: [] }]);
    assert.match(version, /^[0-9a-f]{12}$/);
    assertEmpty(await upload(archive));
    assert.deepEqual(await differences(), { added: [], deleted: [], modified: [] });
    assert.deepEqual(assertJson(await at("GET", "/dependencies/status"), 200), { status: "successful", status_message: "" });
    assert.equal(await user.functions.answer("hello"), "HELLO!");
    assertEmpty(await at("POST", "/import", structured(await files(owner, app))));
    assert.equal(await user.functions.answer("still"), "STILL!");
    const back = await fetch(`${url}/export`, { headers });
    assert.match(back.headers.get("content-disposition"), /filename="node_modules\.tar"/);
    assert.deepEqual(Buffer.from(await back.arrayBuffer()), archive);

    assertError(await upload("no archive"), 400, "BadRequest", /\.tar\.gz, \.tar or \.zip/);
    assertError(await upload(archive, "other"), 400, "BadRequest", /a part named file/);
    assertError(await at("PUT", "/dependencies", { file: "x" }), 400, "BadRequest", /multipart\/form-data/);
    assertError(await upload(Buffer.concat([archive, Buffer.alloc(16 * 1024 * 1024)])), 400, "BadRequest", /is larger than/);
    assertEmpty(await at("DELETE", "/dependencies"));
    await assert.rejects(user.functions.answer("on"), missing);
  });

  test("what Usher has not says so, and what to do", async () => {
    const owner = await admin();
    const app = await owner.create("absent");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    assert.equal(assertJson(await at("GET", "/hosting/config"), 200).enabled, false);
    assert.deepEqual(assertJson(await at("GET", "/hosting/assets"), 200), []);
    assertError(await at("PATCH", "/hosting/config", { enabled: true }), 400, "BadRequest", /web server/);
    assertError(await at("PUT", "/hosting/assets/asset?path=/index.html", {}), 400, "BadRequest", /hosts no static files/);
    assert.deepEqual(assertJson(await at("GET", "/security/access_list"), 200).allowed_ips, []);
    assertError(await at("POST", "/security/access_list", { address: "10.0.0.0/8" }), 400, "BadRequest", /proxy/);
    const products = async (query) => assertJson(await owner.send("GET", query), 200).some((one) => one._id === app._id);
    assert.deepEqual([await products("?product=standard"), await products("?product=atlas"), await products("")], [true, false, true]);
  });

  test("a user gets another e-mail address", async () => {
    const owner = await admin();
    const app = await owner.create("moved");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    const config = { autoConfirm: true, resetPasswordUrl: "http://localhost/reset", emailConfirmationUrl: "http://localhost/confirm" };
    assertJson(await at("POST", "/auth_providers", { type: "local-userpass", config }), 201);
    assertJson(await at("POST", "/auth_providers", { type: "anon-user" }), 201);
    const { user, email } = await newUser(realm(app));
    const other = await newUser(realm(app));
    const reset = (id, body) => at("PATCH", `/users/${id}/reset_email`, body);
    assertEmpty(await reset(user.id, { email: "new@example.org" }));
    const login = (name) => realm(app).logIn(Realm.Credentials.emailPassword(name, PASSWORD));
    assert.equal((await login("new@example.org")).id, user.id);
    await assert.rejects(login(email), realmError(401, "InvalidPassword", "unauthorized"));
    const shown = assertJson(await at("GET", `/users/${user.id}`), 200);
    assert.deepEqual([shown.data.email, shown.identities[0].provider_data.email], ["new@example.org", "new@example.org"]);
    assertEmpty(await reset(user.id, { email: "new@example.org" }));
    assertError(await reset(user.id, { email: other.email }), 409, "AccountNameInUse", "name already in use");
    assertError(await reset(user.id, { email: "" }), 400, "BadRequest", "email invalid");
    assertError(await reset(user.id, { email: "x".repeat(129) }), 400, "BadRequest", "email invalid");
    assertError(await reset(user.id, { email: { $ne: 1 } }), 400, "InvalidParameter", "'email' must be a string");
    assertError(await reset(user.id, {}), 400, "MissingParameter", "'email' is a required string");
    const stranger = await anonymous(app);
    assertError(await reset(stranger.id, { email: "a@example.org" }), 400, "BadRequest", /no e-mail\/password identity/);
    assertError(await reset("000000000000000000000000", { email: "a@example.org" }), 404, "UserNotFound", "user not found");
    assert.equal((await login("new@example.org")).id, user.id);
  });

  test("the log tells failures or successes, page by page", async () => {
    const owner = await admin();
    const app = await owner.create("logged");
    await withFunction(owner, app, "exports = (fail) => { console.log('a line'); if (fail) throw new Error('on purpose'); };");
    const at = (query) => owner.send("GET", `${app.path}/logs${query}`);
    const login = { name: "arrivals", type: "AUTHENTICATION", config: { operation_type: "LOGIN", providers: ["anon-user"] } };
    const event_processors = { FUNCTION: { config: { function_name: "answer" } } };
    const trigger = assertJson(await owner.send("POST", `${app.path}/triggers`, { ...login, event_processors }), 201);
    const user = await anonymous(app);
    for (let call = 0; call < 7; call++) await user.functions.answer(false);
    await assert.rejects(user.functions.answer(true));
    // Entries are written a moment after the answer.
    let failures = [];
    const patience = Date.now() + 120_000;
    while (failures.length === 0 && Date.now() < patience) failures = assertJson(await at("?errors_only=true&type=FUNCTION"), 200).logs;
    assert.deepEqual(failures.map((one) => [one.type, one.function_name, one.error_code]), [["FUNCTION", "answer", "FunctionExecutionError"]]);
    const [{ co_id, mem_time_usage, function_id, app_id }] = failures;
    const [{ _id }] = assertJson(await owner.send("GET", `${app.path}/functions`), 200);
    assert.deepEqual([function_id, app_id, Number.isInteger(mem_time_usage)], [_id, app._id, true]);
    // The function takes the event for a wish to fail.
    let arrivals = [];
    while (arrivals.length === 0 && Date.now() < patience) arrivals = assertJson(await at("?errors_only&type=AUTH_TRIGGER"), 200).logs;
    const [{ event_subscription_id, event_subscription_name, error }] = arrivals;
    assert.deepEqual([event_subscription_id, event_subscription_name], [trigger._id, "arrivals"]);
    assert.match(error, /on purpose/);
    for (const query of ["?errors_only", "?errors_only=false", `?errors_only=1&co_id=${co_id}`]) {
      assert.deepEqual(assertJson(await at(`${query}&type=FUNCTION`), 200).logs.map((one) => one.co_id), [co_id], query);
    }
    assert.deepEqual(assertJson(await at(`?co_id=${co_id}`), 200).logs, []);
    const successes = assertJson(await at("?type=FUNCTION"), 200).logs;
    assert.deepEqual([successes.length, successes.every((one) => !one.error && one.messages[0] === "a line")], [7, true]);
    const paged = [];
    for (let query = "", page; query !== undefined;) {
      page = assertJson(await at(`?type=FUNCTION&limit=3${query}`), 200);
      assert.ok(page.logs.length <= 3);
      paged.push(...page.logs);
      query = page.nextEndDate && `&end_date=${page.nextEndDate}&skip=${page.nextSkip}`;
    }
    assert.deepEqual(paged.map((one) => one._id), successes.map((one) => one._id));
    assert.deepEqual(assertJson(await at("?type=GRAPHQL"), 200).logs, []);
    assert.deepEqual(assertJson(await at("?type=SYNC_OTHER,SCHEMA_GENERATION"), 200).logs, []);
    assertError(await at("?type=NONSENSE"), 400, "InvalidParameter", /NONSENSE/);
    assertError(await at("?skip=-1"), 400, "InvalidParameter", /'skip'/);
    assertError(await at("?skip=99999999999999999999"), 400, "InvalidParameter", /'skip'/);
    assertError(await at("?start_date=yesterday"), 400, "InvalidParameter", /'start_date'/);
  });

  test("settings are kept", async () => {
    const owner = await admin();
    const app = await owner.create("settings");
    const at = (method, path, body) => owner.send(method, app.path + path, body);
    assert.deepEqual(assertJson(await at("GET", "/security/refresh_token_expiration"), 200), { expiration_time_seconds: 5184000 });
    assertEmpty(await at("PUT", "/security/refresh_token_expiration", { expiration_time_seconds: 3600 }));
    assert.deepEqual(assertJson(await at("GET", "/security/refresh_token_expiration"), 200), { expiration_time_seconds: 3600 });
    assertError(await at("PUT", "/security/refresh_token_expiration", { expiration_time_seconds: "1" }), 400, "BadRequest", /whole number/);
    assertEmpty(await at("PUT", "/environment", { environment: "testing" }));
    assertJson(await at("POST", "/environment_values", { name: "where", values: { testing: "here", "no-environment": "there" } }), 201);
    await withFunction(owner, app, "exports = () => context.environment.values.where;");
    const user = await anonymous(app);
    assert.equal(await user.functions.answer(), "here");
    const { iat, exp } = JSON.parse(atob(user.refreshToken.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    assert.ok(exp - iat > 0);
  });
});
