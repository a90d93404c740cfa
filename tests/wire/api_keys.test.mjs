// API keys of users (reference 3.6), and what disabling and deleting a user ends (reference 3.5).
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as Realm from "realm-web";
import { Client, assertDone, assertRefused, counted, variant } from "./accounts.mjs";
import { PASSWORD, freshEmail, newUser, realmError } from "./realm.mjs";
import { eventually, run, start, temporary } from "./usher.mjs";

let usher, client, directory;
const app = () => usher.app("keys");

before(async () => {
  directory = variant("keys", { autoConfirm: true });
  const off = variant("no-keys", { autoConfirm: true }, (providers) => { providers["api-key"].disabled = true; });
  usher = await start(["--json", "serve", "--app", directory, "--app", off]);
  client = new Client(usher, "keys");
});

after(() => usher.stop());

/** `{refresh_token, access_token, user_id}` of a new user. */
async function session(of = client) {
  const email = freshEmail();
  assertDone(await of.userpass("register", { email, password: PASSWORD }), 201);
  return { email, ...(await of.emailLogin(email)).json };
}

test("realm-web makes, lists, switches and deletes keys", async () => {
  const { user } = await newUser(app());
  const made = await user.apiKeys.create("first-key");
  assert.deepEqual({ ...made, _id: 0, key: 0 }, { _id: 0, key: 0, name: "first-key", disabled: false });
  assert.match(made._id, /^[0-9a-f]{24}$/);
  assert.match(made.key, /^\S{40,}$/);
  const known = { _id: made._id, name: "first-key", disabled: false };
  assert.deepEqual(await user.apiKeys.fetch(made._id), known);
  assert.deepEqual(await user.apiKeys.fetchAll(), [known]);

  const byKey = await app().logIn(Realm.Credentials.apiKey(made.key));
  assert.equal(byKey.id, user.id);
  assert.deepEqual(byKey.identities.map(({ providerType }) => providerType), ["local-userpass", "api-key"]);
  assert.equal((await byKey.functions.whoAmI()).type, "normal");

  await user.apiKeys.disable(made._id);
  assert.equal((await user.apiKeys.fetch(made._id)).disabled, true);
  const refused = realmError(401, "AuthError", "unauthorized");
  await assert.rejects(app().logIn(Realm.Credentials.apiKey(made.key)), refused);
  await user.apiKeys.enable(made._id);
  await app().logIn(Realm.Credentials.apiKey(made.key));
  await user.apiKeys.delete(made._id);
  await assert.rejects(app().logIn(Realm.Credentials.apiKey(made.key)), refused);
  await assert.rejects(user.apiKeys.fetch(made._id), realmError(404, "APIKeyNotFound", "API key not found"));
  assert.deepEqual(await user.apiKeys.fetchAll(), []);
});

test("exact statuses, bodies and errors", async () => {
  const { refresh_token: token, access_token: access } = await session();
  const keys = (...request) => client.keys(...request);
  const made = await keys("POST", "", token, { name: "a_B-1" });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(Object.keys(made.json), ["_id", "key", "name", "disabled"]);
  const { _id: id } = made.json;
  assert.deepEqual((await keys("GET", `/${id}`, token)).json, { _id: id, name: "a_B-1", disabled: false });
  assert.deepEqual((await keys("GET", "", token)).json, [{ _id: id, name: "a_B-1", disabled: false }]);
  assertDone(await keys("PUT", `/${id}/disable`, token), 204);
  assertDone(await keys("PUT", `/${id}/enable`, token), 204);

  assertRefused(await keys("POST", "", token, { name: "a_B-1" }), 409, "APIKeyAlreadyExists", "API key with name already exists");
  const charset = "can only contain ASCII letters, numbers, underscores, and hyphens";
  for (const name of ["a b", "ä", "$where", "a.b", "a/b", "a\u0000"]) {
    assertRefused(await keys("POST", "", token, { name }), 400, "InvalidParameter", charset);
  }
  for (const body of [{ name: "" }, {}, { name: null }]) {
    assertRefused(await keys("POST", "", token, body), 400, null, "'name' is a required string");
  }
  for (const name of [1, { $gt: "" }, ["a"], true]) {
    assertRefused(await keys("POST", "", token, { name }), 400, "InvalidParameter", "'name' must be a string");
  }
  assertRefused(await keys("POST", "", token, { name: "x".repeat(65) }), 400, "BadRequest", /at most 64 characters/);
  assertRefused(await keys("POST", "", token, "{"), 400, "BadRequest", /^the request body is not JSON/);

  const other = await session();
  const missing = [404, "APIKeyNotFound", "API key not found"];
  for (const [bearer, unknown] of [[token, "6268f7dd73fafea76b730fc9"], [token, "nothing"], [other.refresh_token, id]]) {
    assertRefused(await keys("GET", `/${unknown}`, bearer), ...missing);
    assertRefused(await keys("PUT", `/${unknown}/enable`, bearer), ...missing);
    assertRefused(await keys("PUT", `/${unknown}/disable`, bearer), ...missing);
    assertRefused(await keys("DELETE", `/${unknown}`, bearer), ...missing);
  }
  for (const [method, path] of [["POST", ""], ["GET", ""], ["GET", `/${id}`], ["PUT", `/${id}/enable`], ["DELETE", `/${id}`]]) {
    assertRefused(await keys(method, path), 401, "InvalidSession", "must authenticate first");
    const body = method === "POST" ? { name: "b" } : undefined;
    assertRefused(await keys(method, path, access, body), 401, "InvalidSession", "invalid session: expected the refresh token");
  }
  assertRefused(await keys("PATCH", `/${id}`, token), 404, "NotFound", /^there is nothing at PATCH/);

  const byKey = (await client.login("api-key", { key: made.json.key })).json;
  assertRefused(await keys("DELETE", `/${id}`, byKey.refresh_token), 403, "APIKeyInUse", /cannot be deleted/);
  assertDone(await keys("DELETE", `/${id}`, token), 204);
  assertRefused(await client.send("POST", "/auth/session", { token: byKey.refresh_token }), 401, "InvalidSession", /failed to find refresh token/);
});

test("who may have keys, and how many", async () => {
  const stranger = (await client.login("anon-user")).json;
  assertRefused(await client.keys("POST", "", stranger.refresh_token, { name: "a" }), 400, "BadRequest", /^an anonymous user cannot/);
  const { refresh_token: token } = await session();
  for (let number = 0; number < 20; number++) {
    assert.equal((await client.keys("POST", "", token, { name: `key-${number}` })).status, 201);
  }
  assertRefused(await client.keys("POST", "", token, { name: "more" }), 400, "BadRequest", "there are 20 API keys already; delete one first");
  assertRefused(await client.keys("POST", "", token, { name: "key-7" }), 409, "APIKeyAlreadyExists", "API key with name already exists");

  const off = new Client(usher, "no-keys");
  const unsupported = [404, "AuthProviderNotFound", "authentication via 'api-key' is unsupported"];
  assertRefused(await off.keys("POST", "", (await session(off)).refresh_token, { name: "a" }), ...unsupported);
  assertRefused(await off.login("api-key", { key: "x" }), ...unsupported);
});

test("a key of the app itself is a user of the type server", async () => {
  const { admin_key } = JSON.parse(usher.log.split("\n").find((line) => line.includes("admin_key")));
  const admin = async (method, path, body, token) => {
    const headers = { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
    const response = await fetch(`${usher.url}/api/admin/v3.0${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, get json() { return JSON.parse(text); } };
  };
  const credential = { username: admin_key.public, apiKey: admin_key.private };
  const { access_token: token } = (await admin("POST", "/auth/providers/mongodb-cloud/login", credential)).json;
  const { roles: [{ group_id: group }] } = (await admin("GET", "/auth/profile", undefined, token)).json;
  const apps = (await admin("GET", `/groups/${group}/apps`, undefined, token)).json;
  const { _id: id } = apps.find((one) => one.client_app_id === "keys");
  const ask = (method, path, body) => admin(method, `/groups/${group}/apps/${id}/api_keys${path}`, body, token);

  const made = await ask("POST", "", { name: "nightly" });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(Object.keys(made.json), ["_id", "key", "name", "disabled"]);
  const { _id: keyId, key } = made.json;
  assertRefused(await ask("POST", "", { name: "nightly" }), 409, "APIKeyAlreadyExists", "API key with name already exists");
  assert.deepEqual((await ask("GET", "")).json, [{ _id: keyId, name: "nightly", disabled: false }]);
  const user = await app().logIn(Realm.Credentials.apiKey(key));
  assert.deepEqual([user.identities.map((one) => one.providerType), user.profile.name], [["api-key"], "nightly"]);
  const seen = await user.functions.whoAmI();
  assert.deepEqual(seen, { id: user.id, type: "server", data: { name: "nightly" }, providers: ["api-key"] });
  // The creation function ran for it, as for anybody.
  assert.deepEqual([user.customData.type, user.customData.made], ["server", ["api-key"]]);
  assert.equal((await client.login("api-key", { key })).json.user_id, user.id);
  const owner = await session();
  const inUse = [401, "AuthError", "unauthorized: the credential belongs to another user"];
  assertRefused(await client.login("api-key", { key }, owner.access_token), ...inUse);
  for (const method of ["GET", "DELETE"]) {
    assertRefused(await client.keys(method, `/${keyId}`, owner.refresh_token), 404, "APIKeyNotFound", "API key not found");
  }
  const refused = [401, "AuthError", "unauthorized"];
  assertDone(await ask("PUT", `/${keyId}/disable`), 204);
  assertRefused(await client.login("api-key", { key }), ...refused);
  assertRefused(await client.send("POST", "/auth/session", { token: user.refreshToken }), 401, "InvalidSession", /failed to find refresh token/);
  assertDone(await ask("PUT", `/${keyId}/enable`), 204);
  assert.equal((await client.login("api-key", { key })).json.user_id, user.id);
  assertDone(await ask("DELETE", `/${keyId}`), 204);
  assertRefused(await client.login("api-key", { key }), ...refused);
  assertRefused(await ask("GET", `/${keyId}`), 404, "APIKeyNotFound", "API key not found");
});

test("no key is no login, and writes nothing", async () => {
  const before = await counted(usher);
  for (const key of ["", "x", "0".repeat(64), "\u0000"]) {
    assertRefused(await client.login("api-key", { key }), 401, "AuthError", "unauthorized");
  }
  for (const key of [{ $gt: "" }, { $exists: true }, 1, ["a"], true]) {
    assertRefused(await client.login("api-key", { key }), 400, "InvalidParameter", "'key' must be a string");
  }
  assertRefused(await client.login("api-key", {}), 400, "MissingParameter", "'key' is a required string");
  assertRefused(await client.login("api-key", "["), 400, "BadRequest", /^the request body is not JSON/);
  assertRefused(await client.login("api-key", { key: "x".repeat(70_000) }), 413, "RequestTooLarge", /larger than/);
  assert.deepEqual(await counted(usher), before);
});

test("there is no service of push messages left to register with", async () => {
  const { access_token: token } = await session();
  const path = "/app/keys/push/providers/gcm/registration";
  for (const [method, body] of [["PUT", { registrationToken: "x" }], ["DELETE", undefined]]) {
    assertRefused(await client.send(method, path, { token, body }), 404, "ServiceNotFound", "service not found: 'gcm'");
    assertRefused(await client.send(method, path, { body }), 401, "InvalidSession", "must authenticate first");
    assertRefused(await client.send(method, path, { token: "a.b.c", body }), 401, "InvalidSession", "invalid session");
  }
});

test("disabling or deleting a user ends access tokens on a host that runs", async () => {
  const own = await session();
  const gone = await session();
  const { key } = (await client.keys("POST", "", own.refresh_token, { name: "unused" })).json;
  const operator = (...args) => {
    const done = run(...args, "--app", directory, "--mongodb", usher.mongodb);
    assert.equal(done.status, 0, done.stderr);
  };
  assert.equal((await client.profile(own.access_token)).status, 200);
  operator("users", "disable", own.email);
  operator("users", "delete", gone.user_id);
  // Nothing tells when the host has heard of it; it asks every second.
  // The profile of a deleted user is not there, whatever the token is worth: until the host has heard, that is a 404.
  const tokens = [own.access_token, gone.access_token];
  await eventually(async () => (await Promise.all(tokens.map((token) => client.profile(token)))).every(({ status }) => status === 401));
  for (const token of tokens) {
    assertRefused(await client.profile(token), 401, "InvalidSession", "invalid session: the user is disabled or deleted");
  }
  const before = await counted(usher);
  assertRefused(await client.emailLogin(own.email), 401, "UserDisabled", "user disabled");
  assertRefused(await client.login("api-key", { key }), 401, "UserDisabled", "user disabled");
  assert.deepEqual(await counted(usher), before);
  assertRefused(await client.emailLogin(gone.email), 401, "InvalidPassword", "unauthorized");
  for (const token of [own.refresh_token, gone.refresh_token]) {
    assertRefused(await client.send("POST", "/auth/session", { token }), 401, "InvalidSession", /failed to find refresh token/);
  }
  operator("users", "enable", own.user_id);
  const again = (await client.emailLogin(own.email)).json;
  assert.equal((await client.profile(again.access_token)).status, 200);
});

test("an operator confirms, lists who waits, sets passwords and takes users over", async () => {
  const operate = (...args) => {
    const done = run("--json", ...args, "--app", directory, "--mongodb", usher.mongodb);
    return { status: done.status, json: JSON.parse(done.stdout) };
  };
  const email = freshEmail("waiting");
  assertDone(await client.userpass("register", { email, password: PASSWORD }), 201);
  const waiting = operate("users", "pending").json.filter((one) => one.email === email);
  assert.deepEqual(waiting.map(({ confirmed }) => confirmed), [true]);
  const again = operate("users", "confirm", email);
  assert.notEqual(again.status, 0);
  assert.match(JSON.stringify(again.json), /already confirmed/);
  assert.equal(operate("users", "set-password", email, "--password", "battery staple").status, 0);
  assert.equal((await client.emailLogin(email, "battery staple")).status, 200);

  // As the admin API of App Services told it, one to a line.
  const file = join(temporary("users"), "users.jsonl");
  const id = "5f4863e4d49bd2191ff1e623";
  const old = freshEmail("old");
  const identity = { id: "5f4863e4d49bd2191ff1e624", provider_type: "local-userpass", provider_data: { email: old } };
  writeFileSync(file, `${JSON.stringify({ _id: id, type: "normal", identities: [identity], data: { email: old } })}\n`);
  assert.deepEqual(operate("users", "import", file).json, { imported: 1, present: 0, refused: [] });
  assert.deepEqual(operate("users", "import", file).json, { imported: 0, present: 1, refused: [] });
  assertRefused(await client.emailLogin(old), 401, "InvalidPassword", "unauthorized");
  assert.equal(operate("users", "set-password", old, "--password", PASSWORD).status, 0);
  assert.equal((await client.emailLogin(old)).json.user_id, id);
});
