// The main story, told by the unmodified realm-web package: a user's life and that of their custom data.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Realm from "realm-web";
import {
  PASSWORD, credentials, freshEmail, http, inDatabase, client, newApp, newUser, realmError,
} from "./support.mjs";

const app = newApp();

test("a user's life, from registration to deletion", async (t) => {
  const email = freshEmail("ada");
  let user, first;

  await t.test("registers", async () => {
    await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
    assert.equal(await inDatabase((data) => data.countDocuments({ email })), 0, "nothing is created before the first login");
  });

  await t.test("has custom data at the first login, made by the creation function", async () => {
    user = await app.logIn(credentials(email));
    assert.equal(app.currentUser, user);
    assert.match(user.id, /^[0-9a-f]{24}$/);
    first = user.customData;
    assert.match(first._id, /^[0-9a-f]{24}$/, "_id is a bare string");
    assert.match(first.created_at.$date.$numberLong, /^\d+$/);
    assert.deepEqual(
      { ...first, _id: null, created_at: null },
      { _id: null, user_id: user.id, email, nickname: null, visits: { $numberInt: "0" }, created_at: null },
    );
  });

  await t.test("has a profile and a device", () => {
    assert.equal(user.profile.email, email);
    assert.deepEqual(user.identities.map((one) => one.providerType), ["local-userpass"]);
    assert.match(user.deviceId, /^[0-9a-f]{24}$/);
  });

  await t.test("changes the custom data by a function; the token is stale until it is refreshed", async () => {
    await user.functions.set_custom_data({ nickname: "Ada", age: 36, newsletter: true });
    assert.deepEqual(user.customData, first, "the token holds what it held");
    const fresh = await user.refreshCustomData();
    assert.deepEqual(fresh, { ...first, nickname: "Ada", age: { $numberInt: "36" }, newsletter: true });
    assert.deepEqual(user.customData, fresh);
  });

  await t.test("reads the document as it is", async () => {
    await user.functions.set_custom_data({ nickname: "Countess" });
    const document = await user.functions.get_custom_data();
    assert.equal(document._id.toHexString(), first._id);
    assert.ok(document.created_at instanceof Date);
    assert.deepEqual(
      { nickname: document.nickname, age: document.age, visits: document.visits, user_id: document.user_id },
      { nickname: "Countess", age: 36, visits: 0, user_id: user.id },
    );
    assert.equal(user.customData.nickname, "Ada", "calling a function does not refresh the token");
  });

  await t.test("logs out and in again, and is the same user with fresh custom data", async () => {
    const id = user.id;
    await user.logOut();
    assert.equal(user.isLoggedIn, false);
    user = await app.logIn(credentials(email));
    assert.equal(user.id, id);
    assert.equal(user.customData.nickname, "Countess");
    assert.equal(await inDatabase((data) => data.countDocuments({ user_id: id })), 1, "created once");
  });

  await t.test("is deleted: cannot log in, and the document stays", async () => {
    await app.deleteUser(user);
    await assert.rejects(app.logIn(credentials(email)), realmError(401, "InvalidPassword", "unauthorized"));
    const left = await inDatabase((data) => data.findOne({ user_id: user.id }));
    assert.equal(left.nickname, "Countess");
  });

  await t.test("can register again as somebody new", async () => {
    await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
    const successor = await app.logIn(credentials(email));
    assert.notEqual(successor.id, user.id);
    assert.equal(successor.customData.user_id, successor.id);
    assert.equal(successor.customData.nickname, null);
    await app.removeUser(successor);
  });
});

test("a user deletes the document by a function and stays", async () => {
  const { user } = await newUser(app, "del");
  assert.equal(await user.functions.delete_custom_data(), true);
  assert.equal(user.customData.user_id, user.id, "the token is stale");
  assert.equal(await user.functions.get_custom_data(), null);
  assert.equal(await inDatabase((data) => data.countDocuments({ user_id: user.id })), 0);
  assert.deepEqual(await user.refreshCustomData(), {}, "no document, no claim");
  assert.equal(await user.functions.delete_custom_data(), false, "there was none left");
  await assert.rejects(
    user.functions.set_custom_data({ nickname: "late" }),
    realmError(400, "FunctionExecutionError", "there is no custom data to change"),
  );
  await app.removeUser(user);
});

test("a user deletes account and data by a function", async () => {
  const { user, email } = await newUser(app, "gone");
  const refreshToken = user.refreshToken;
  await user.functions.delete_my_account_and_data();
  assert.equal(await inDatabase((data) => data.countDocuments({ user_id: user.id })), 0);
  const refresh = await http("POST", `${client}/auth/session`, { token: refreshToken });
  assert.equal(refresh.status, 401, "every session has ended");
  assert.equal(refresh.json.error_code, "InvalidSession");
  await app.removeUser(user);
  await assert.rejects(app.logIn(credentials(email)), realmError(401, "InvalidPassword", "unauthorized"));
});

test("anonymous users are created with custom data, each anew", async () => {
  const one = await app.logIn(Realm.Credentials.anonymous(false));
  const two = await app.logIn(Realm.Credentials.anonymous(false));
  assert.notEqual(one.id, two.id);
  for (const user of [one, two]) {
    assert.equal(user.customData.user_id, user.id);
    assert.equal("email" in user.customData, false);
    assert.equal(user.profile.name, undefined);
    assert.deepEqual(user.identities.map((identity) => identity.providerType), ["anon-user"]);
  }
  const again = await app.logIn(Realm.Credentials.anonymous());
  assert.ok(again.id === one.id || again.id === two.id, "realm-web reuses a session");
  await app.removeUser(one);
  await app.removeUser(two);
});

test("a creation function that refuses leaves nothing behind", async () => {
  const email = freshEmail("mallory").replace("@example.org", "@blocked.example");
  await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
  const refused = realmError(401, "AuthError", "addresses at blocked.example cannot register");
  await assert.rejects(app.logIn(credentials(email)), refused);
  await assert.rejects(app.logIn(credentials(email)), refused, "the same person can try again");
  assert.equal(await inDatabase((data) => data.countDocuments({ email })), 0);
});

test("functions that a client may not call look like none", async () => {
  const { user } = await newUser(app, "call");
  for (const name of ["on_user_creation", "no_such_function", "hasOwnProperty"]) {
    await assert.rejects(
      user.callFunction(name, {}),
      realmError(404, "FunctionNotFound", `function not found: '${name}'`),
    );
  }
  await app.removeUser(user);
});

test("the setter refuses what it does not know and then changes nothing", async () => {
  const { user } = await newUser(app, "set");
  const before = await user.functions.get_custom_data();
  const refusals = [
    [[{ age: "old" }], "the field 'age' must be a whole number from 0 to 150"],
    [[{ age: 36.5 }], "the field 'age' must be a whole number from 0 to 150"],
    [[{ nickname: "Ada", age: -1 }], "the field 'age' must be a whole number from 0 to 150"],
    [[{ newsletter: "yes" }], "the field 'newsletter' must be true or false"],
    [[{ nickname: { $gt: "" } }], "the field 'nickname' must be null or a string of at most 40 characters"],
    [[{ role: "admin" }], "unknown field 'role': the fields are nickname, age and newsletter"],
    [[{ user_id: "0".repeat(24) }], /^unknown field 'user_id'/],
    [[{ $unset: { email: "" } }], /^unknown field '\$unset'/],
    [[{}], "no changes were given"],
    [["nickname"], /./],
    [[], /./],
  ];
  for (const [args, message] of refusals) {
    await assert.rejects(
      user.functions.set_custom_data(...args),
      realmError(400, "FunctionExecutionError", message),
      JSON.stringify(args),
    );
  }
  assert.deepEqual(await user.functions.get_custom_data(), before);
  await app.removeUser(user);
});

test("values pass through realm-web and a function unchanged", async () => {
  const { user } = await newUser(app, "echo");
  const { ObjectId } = Realm.BSON;
  const values = [
    0, 1, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 2.5, -0.125, 1e300,
    "", "bonjour", "Zoë 🦉 \u0000 \" \\ \n", true, false, null,
    [], [1, "two", [3, { four: 4.5 }]], {}, { a: { b: { c: [null, true, "x"] } } },
    new Date(0), new Date("1969-12-31T23:59:59.999Z"), new Date("2026-02-03T04:05:06.789Z"),
    { when: new Date("2026-02-03T04:05:06.789Z"), list: [new Date(1)] },
  ];
  for (const value of values) {
    assert.deepStrictEqual(await user.functions.echo(value), value, JSON.stringify(value));
  }
  const id = new ObjectId();
  assert.equal((await user.functions.echo(id)).toHexString(), id.toHexString());
  assert.equal((await user.functions.echo({ deep: [{ id }] })).deep[0].id.toHexString(), id.toHexString());
  assert.deepEqual(await user.functions.echo("several", 2, null), ["several", 2, null]);
  await app.removeUser(user);
});

test("wrong credentials and bad registrations are told apart as App Services does", async () => {
  const { email, user } = await newUser(app, "auth");
  await assert.rejects(app.logIn(credentials(email, "wrong password")), realmError(401, "InvalidPassword", "unauthorized"));
  await assert.rejects(app.logIn(credentials(freshEmail("nobody"))), realmError(401, "InvalidPassword", "unauthorized"));
  const { emailPasswordAuth } = app;
  await assert.rejects(
    emailPasswordAuth.registerUser({ email, password: PASSWORD }),
    realmError(409, "AccountNameInUse", "name already in use"),
  );
  await assert.rejects(
    emailPasswordAuth.registerUser({ email: freshEmail(), password: "short" }),
    realmError(400, "BadRequest", "password must be between 6 and 128 characters"),
  );
  await assert.rejects(
    emailPasswordAuth.confirmUser({ token: "e30=", tokenId: "e30=" }),
    realmError(400, "BadRequest", "invalid token data"),
  );
  await assert.rejects(
    emailPasswordAuth.retryCustomConfirmation({ email }),
    realmError(400, "BadRequest", `cannot run confirmation for ${email}: automatic confirmation is enabled`),
  );
  await app.removeUser(user);
});

test("an access token that is no longer good is refreshed by realm-web and the call repeated", async () => {
  const { user } = await newUser(app, "retry");
  const [head, body] = user.accessToken.split(".");
  user.accessToken = `${head}.${body}.${"A".repeat(43)}`;
  assert.equal(await user.functions.echo("again"), "again");
  await app.removeUser(user);
});

test("an unknown app is named", async () => {
  const stranger = newApp({ id: "no-such-app" });
  await assert.rejects(
    stranger.logIn(Realm.Credentials.anonymous(false)),
    realmError(404, "AppNotFound", "cannot find app using Client App ID 'no-such-app'"),
  );
});
