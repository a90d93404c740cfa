// Linking identities (reference 3.3): statuses and bodies as App Services gave them, odd ones included.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as Realm from "realm-web";
import { CLIENT, Client, assertRefused, counted, variant } from "./accounts.mjs";
import { entryOf } from "./entries.mjs";
import { PASSWORD, credentials, freshEmail, realmError } from "./realm.mjs";
import { start } from "./usher.mjs";

let usher, client;
const app = () => usher.app("linking");

before(async () => {
  usher = await start([
    "serve", "--app", variant("linking", { autoConfirm: true }), "--trust-forwarded", "--new-users-per-address", "3",
  ]);
  client = new Client(usher, "linking");
});

after(() => usher.stop());

const registered = async () => {
  const email = freshEmail();
  await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
  return email;
};
const anonymous = (realm = app()) => realm.logIn(Realm.Credentials.anonymous(false));
const providers = (user) => user.identities.map(({ providerType }) => providerType);

test("an anonymous user keeps id and data, and gets an e-mail address", async () => {
  const realm = app();
  const user = await anonymous(realm);
  const { id } = user;
  const email = await registered();
  await user.linkCredentials(credentials(email));
  assert.equal(user.id, id);
  assert.deepEqual(providers(user), ["anon-user", "local-userpass"]);
  assert.equal(user.profile.email, email);
  assert.deepEqual({ ...user.customData, _id: 0 }, { _id: 0, user_id: id, type: "normal", made: ["anon-user"] });
  const seen = await user.functions.whoAmI();
  assert.deepEqual(seen, { id, type: "normal", data: { email }, providers: ["anon-user", "local-userpass"] });
  await user.logOut();
  const again = await app().logIn(credentials(email));
  assert.equal(again.id, id);
  assert.deepEqual(providers(again), ["anon-user", "local-userpass"]);
  // The creation function ran once.
  const made = await usher.inDatabase((mongo) => mongo.db("accounts").collection("people").countDocuments({ user_id: id }));
  assert.equal(made, 1);
});

test("the answer is that of a login, with the same user and a token that sees what was written since", async () => {
  const session = (await client.login("anon-user")).json;
  await usher.inDatabase((mongo) =>
    mongo.db("accounts").collection("people").updateOne({ user_id: session.user_id }, { $set: { level: 2 } }));
  const reply = await client.emailLogin(await registered(), PASSWORD, session.access_token);
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(Object.keys(reply.json).sort(), ["access_token", "device_id", "refresh_token", "user_id"]);
  assert.equal(reply.json.user_id, session.user_id);
  const { auth_event, user_id } = await entryOf(usher, reply);
  assert.deepEqual([auth_event, user_id], [{ type: "link", provider: "local-userpass", failed: false }, session.user_id]);
  const claims = JSON.parse(Buffer.from(reply.json.access_token.split(".")[1], "base64url"));
  assert.deepEqual(claims.user_data.level, { $numberInt: "2" });
  for (const { refresh_token: token } of [session, reply.json]) {
    assert.equal((await client.send("POST", "/auth/session", { token })).status, 201);
  }
});

// Where nothing follows `unauthorized`, realm-web links again for ever.
test("a credential of another user is in use", async () => {
  const email = await registered();
  await app().logIn(credentials(email));
  const user = await anonymous();
  const inUse = realmError(401, "AuthError", "unauthorized: the credential belongs to another user");
  await assert.rejects(user.linkCredentials(credentials(email)), inUse);
  const wrong = realmError(401, "InvalidPassword", "unauthorized: the credential is not good");
  await assert.rejects(user.linkCredentials(credentials(email, "wrong one")), wrong);
  assert.deepEqual(providers(user), ["anon-user"]);
});

test("a second e-mail address is refused as App Services refused it", async () => {
  const user = await anonymous();
  await user.linkCredentials(credentials(await registered()));
  const second = await registered();
  await assert.rejects(user.linkCredentials(credentials(second)), realmError(500, "AuthError", "unauthorized"));
  assert.notEqual((await app().logIn(credentials(second))).id, user.id);
});

test("what is linked already may be linked again", async () => {
  const user = await anonymous();
  const email = await registered();
  await user.linkCredentials(credentials(email));
  await user.linkCredentials(credentials(email));
  assert.deepEqual(providers(user), ["anon-user", "local-userpass"]);
});

test("an API key is linked to its owner only, who has it already", async () => {
  const session = async () => (await client.emailLogin(await registered())).json;
  const [own, other] = [await session(), await session()];
  const { key } = (await client.keys("POST", "", own.refresh_token, { name: "own" })).json;
  const inUse = [401, "AuthError", "unauthorized: the credential belongs to another user"];
  const untouched = await counted(usher);
  assertRefused(await client.login("api-key", { key }, other.access_token), ...inUse);
  assert.deepEqual(await counted(usher), untouched, "a key that was never used is not used by this either");
  const reply = await client.login("api-key", { key }, own.access_token);
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.json.user_id, own.user_id);
  const before = await counted(usher);
  assertRefused(await client.login("api-key", { key }, other.access_token), ...inUse);
  assertRefused(await client.login("api-key", { key: "x" }, other.access_token), 401, "AuthError", "unauthorized: the credential is not good");
  assert.deepEqual(await counted(usher), before);
  const profile = async ({ access_token }) => (await client.profile(access_token)).json.identities.map((one) => one.provider_type);
  assert.deepEqual(await profile(own), ["local-userpass", "api-key"]);
  assert.deepEqual(await profile(other), ["local-userpass"]);
});

test("what cannot be linked writes nothing", async () => {
  const session = (await client.login("anon-user")).json;
  const email = await registered();
  const before = await counted(usher);
  const token = session.access_token;
  const link = (provider, body, bearer = token) => client.login(provider, body, bearer);
  assertRefused(await link("anon-user", {}), 400, "BadRequest", "an anonymous identity cannot be linked: it is no credential");
  const good = { username: email, password: PASSWORD };
  assertRefused(await link("local-userpass", { ...good, password: "wrong one" }), 401, "InvalidPassword", "unauthorized: the credential is not good");
  for (const bad of [{ $gt: "" }, 1, ["a"], null]) {
    assert.equal((await link("local-userpass", { ...good, username: bad })).status, 400);
    assert.equal((await link("local-userpass", { ...good, password: bad })).status, 400);
  }
  for (const bearer of [session.refresh_token, "a.b.c", `${token}x`]) {
    const reply = await link("local-userpass", good, bearer);
    assertRefused(reply, 401, "InvalidSession", /^invalid session/);
  }
  const path = "/app/linking/auth/providers/local-userpass/login?link=true";
  assertRefused(await client.send("POST", path, { body: good }), 401, "InvalidSession", "must authenticate first");
  assertRefused(await link("nothing", good), 404, "AuthProviderNotFound", "authentication via 'nothing' is unsupported");
  assert.deepEqual(await counted(usher), before);
});

test("nobody makes users without end from one address", async () => {
  const from = (address, path, body) => fetch(`${usher.url}${CLIENT}/app/linking/auth/providers/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Forwarded-For": address },
    body: JSON.stringify(body),
  });
  const refused = async (response) => {
    const text = await response.text();
    const reply = { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
    assertRefused(reply, 429, "TooManyRequests", /^asked too often; try again in \d+ s$/);
    assert.match(response.headers.get("retry-after"), /^\d+$/);
  };
  const email = freshEmail();
  assert.equal((await from("192.0.2.1", "local-userpass/register", { email, password: PASSWORD })).status, 201);
  for (let number = 0; number < 2; number++) assert.equal((await from("192.0.2.1", "anon-user/login", {})).status, 200);
  const before = await counted(usher);
  await refused(await from("192.0.2.1", "anon-user/login", {}));
  await refused(await from("192.0.2.1", "local-userpass/register", { email: freshEmail(), password: PASSWORD }));
  assert.deepEqual(await counted(usher), before);
  assert.equal((await from("192.0.2.1", "local-userpass/login", { username: email, password: PASSWORD })).status, 200);
  assert.equal((await from("192.0.2.2", "anon-user/login", {})).status, 200);
});
