// Credentials that another authority vouches for: custom tokens and functions, Google, Apple, Facebook (reference 3.3).
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as Realm from "realm-web";
import { Pair, hs256, inSeconds, startIssuer, unsigned } from "./issuer.mjs";
import { CLIENT, SECRET, assertRefused, post, serve, variant, written } from "./providers.mjs";
import { newUser, realmError } from "./realm.mjs";
import { run } from "./usher.mjs";

let issuer, usher, directory;

before(async () => {
  issuer = await startIssuer();
  const token = (config, keys) => (providers) => Object.assign(providers["custom-token"], { config, secret_config: keys });
  usher = await serve(
    issuer,
    directory = variant("providers", issuer),
    // The other ways to check a token, providers that let one domain in, and a Google that takes no ID tokens.
    variant("signed", issuer, (providers) => {
      token({ audience: ["shop", "club"], signingAlgorithm: "RS256" }, { signingKeys: ["publicKey"] })(providers);
      for (const name of ["oauth2-google", "oauth2-apple", "oauth2-facebook"]) providers[name].domain_restrictions = ["Example.org"];
    }),
    variant("published", issuer, (providers) => {
      const config = { audience: ["shop", "club"], requireAnyAudience: true, signingAlgorithm: "RS256" };
      token({ ...config, useJWKURI: true, jwkURI: `${issuer.url}/keys` })(providers);
      providers["oauth2-google"].config.openId = false;
    }),
    variant("held", issuer, token({ signingAlgorithm: "RS256", useJWKURI: true, jwkURI: `${issuer.url}/held` }, {})),
    variant("bare", issuer, (providers) => {
      for (const provider of Object.values(providers)) provider.disabled = true;
    }),
    choosy(variant("choosy", issuer)),
  );
});
after(async () => {
  await usher?.stop();
  await issuer?.close();
});

/** Gives an app a user-creation function, which writes first and then refuses whoever is called a stranger. */
function choosy(directory) {
  const write = (path, content) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  write("auth/custom_user_data.json", {
    enabled: true, mongo_service_name: "mongodb-atlas", database_name: "choosy", collection_name: "people",
    user_id_field: "user_id", on_user_creation_function_name: "welcome",
  });
  write("data_sources/mongodb-atlas/config.json", { name: "mongodb-atlas", type: "mongodb-atlas", config: { clusterName: "Cluster0" } });
  const functions = JSON.parse(readFileSync(join(directory, "functions/config.json"), "utf8"));
  write("functions/config.json", [...functions, { name: "welcome", private: true, run_as_system: true }]);
  write("functions/welcome.js", `exports = async ({ id, identities: [{ id: name, provider_type: provider }] }) => {
    const people = context.services.get("mongodb-atlas").db("choosy").collection("people");
    await people.insertOne({ user_id: id, name, provider });
    if (name === "stranger") throw new Error("no strangers by " + provider);
  };`);
  return directory;
}

/** Logs in with realm-web and gives the user: of Usher's, not one that the app object remembers. */
const logIn = (id, credentials) => usher.app(id).logIn(credentials);
const claims = (more = {}) => ({ sub: "ann", aud: "providers", exp: inSeconds(600), iat: inSeconds(0), ...more });
const without = (object, ...names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

/** Whatever the payload, nobody is let in and nothing is written. */
async function refusesAll(app, provider, payloads, expected) {
  const before = await written(usher);
  for (const [name, payload] of Object.entries(payloads)) {
    const reply = await post(usher, app, provider, payload);
    try {
      assertRefused(reply, ...expected);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  }
  assert.deepEqual(await written(usher), before);
}
const NO_DOMAIN = [401, "DomainNotAllowed", "users of this domain may not log in to this app"];
const UNAUTHORIZED = [401, "AuthError", "unauthorized"];

describe("custom-token", () => {
  test("a token makes a user, and the same token finds them again", async () => {
    const before = await written(usher);
    const first = await logIn("providers", Realm.Credentials.jwt(hs256(SECRET, claims({ sub: "once", secret: "x" }))));
    assert.notDeepEqual(await written(usher), before);
    assert.deepEqual(Object.keys(first.profile), ["secret"]);
    assert.equal(first.profile.secret, "x");
    assert.deepEqual(first.identities.map((one) => one.providerType), ["custom-token"]);
    const again = await logIn("providers", Realm.Credentials.jwt(hs256(SECRET, claims({ sub: "once", secret: "x" }))));
    assert.equal(again.id, first.id);
    assert.deepEqual(await again.callFunction("whoAmI"), {
      id: first.id, type: "normal", data: { secret: "x" }, providers: ["custom-token"],
    });
    const other = await logIn("providers", Realm.Credentials.jwt(hs256(SECRET, claims({ sub: "Once" }))));
    assert.notEqual(other.id, first.id);
  });

  test("the user's data follow the token", async () => {
    const present = (more) => logIn("providers", Realm.Credentials.jwt(hs256(SECRET, claims({ sub: "changing", ...more }))));
    const roles = (...roles) => ({ "https://example.org/claims": { roles } });
    const data = async (user) => (await user.callFunction("whoAmI")).data;
    assert.deepEqual(await data(await present({ secret: "one", ...roles("reader") })), { secret: "one", roles: ["reader"] });
    assert.deepEqual(await data(await present({ secret: "two", ...roles("writer", "reader") })), { secret: "two", roles: ["writer", "reader"] });
    assert.deepEqual(await data(await present({ unknown: 1 })), {});
  });

  test("RS256: with the key of the configuration, for all audiences", async () => {
    const all = claims({ aud: ["shop", "club", "more"] });
    assert.ok((await logIn("signed", Realm.Credentials.jwt(issuer.keys.sign(all)))).id);
    await refusesAll("signed", "custom-token", {
      "one audience of two": { token: issuer.keys.sign(claims({ aud: "shop" })) },
      "the app's id": { token: issuer.keys.sign(claims({ aud: "signed" })) },
      "another key": { token: issuer.stranger.sign(all) },
      "the public key as a secret": { token: hs256(issuer.keys.pem, all) },
      "the public key as a secret, by the key's id": { token: hs256(issuer.keys.pem, all, { kid: "key-1" }) },
      "no signature": { token: unsigned(all) },
      "no signature, but the algorithm": { token: unsigned(all, "RS256") },
    }, UNAUTHORIZED);
  });

  test("RS256: with published keys, for any audience", async () => {
    const any = claims({ aud: "club" });
    assert.ok((await logIn("published", Realm.Credentials.jwt(issuer.keys.sign(any)))).id);
    assert.ok((await logIn("published", Realm.Credentials.jwt(issuer.keys.sign(any, { kid: undefined })))).id);
    await refusesAll("published", "custom-token", {
      "no audience that fits": { token: issuer.keys.sign(claims()) },
      "another key of the same id": { token: issuer.stranger.sign(any) },
      "an unknown id": { token: new Pair("key-2").sign(any) },
      "the modulus as a secret": { token: hs256(issuer.keys.jwk.n, any, { kid: "key-1" }) },
      "the public key as a secret": { token: hs256(issuer.keys.pem, any, { kid: "key-1" }) },
      "a key that the token brings": { token: issuer.stranger.sign(any, { jwk: issuer.stranger.jwk, jku: `${issuer.url}/mine` }) },
    }, UNAUTHORIZED);
    assert.equal(issuer.asked.filter(({ path }) => path === "/mine").length, 0);
  });

  test("claims must be right", async () => {
    const token = (more, ...gone) => ({ token: hs256(SECRET, without(claims({ sub: "nobody", ...more }), ...gone)) });
    await refusesAll("providers", "custom-token", {
      "expired": token({ exp: inSeconds(-1) }),
      "no expiry": token({}, "exp"),
      "expiry as text": token({ exp: `${inSeconds(600)}` }),
      "expiry as an object": token({ exp: { $gt: 0 } }),
      "not yet": token({ nbf: inSeconds(600) }),
      "issued later": token({ iat: inSeconds(600) }),
      "another audience": token({ aud: "signed" }),
      "no audience": token({}, "aud"),
      "audience as an operator": token({ aud: { $ne: "" } }),
      "no subject": token({}, "sub"),
      "an empty subject": token({ sub: "" }),
      "a subject that is a number": token({ sub: 7 }),
      "a subject that is an operator": token({ sub: { $gt: "" } }),
      "a subject that is too long": token({ sub: "x".repeat(1001) }),
      "data that are an operator": token({ secret: { $gt: "" } }),
      "data that are too long": token({ secret: "x".repeat(4097) }),
      "another secret": { token: hs256(`${SECRET}!`, claims()) },
      "an empty secret": { token: hs256("", claims()) },
      "no signature": { token: unsigned(claims()) },
      "another case of none": { token: unsigned(claims(), "nOnE") },
      "an unknown extension": { token: hs256(SECRET, claims(), { crit: ["b64"], b64: false }) },
      "another algorithm": { token: hs256(SECRET, claims(), { alg: "HS384" }) },
      "a claim set that is no object": { token: hs256(SECRET, "[]") },
      "no token": { token: "" },
      "not a token": { token: "a.b.c" },
    }, UNAUTHORIZED);
  });

  test("a token of a million characters is read, and one more is not", async () => {
    const sign = (length) => {
      // Three quarters of the characters carry the claims.
      const bare = hs256(SECRET, claims({ sub: "long", filler: "" })).length;
      return hs256(SECRET, claims({ sub: "long", filler: "x".repeat(Math.floor((length - bare) * 0.75)) }));
    };
    const fits = sign(999_990);
    assert.ok(fits.length > 999_000 && fits.length <= 1_000_000, String(fits.length));
    assert.equal((await post(usher, "providers", "custom-token", { token: fits })).status, 200);
    await refusesAll("providers", "custom-token", { long: { token: sign(1_000_100) } }, UNAUTHORIZED);
    const huge = await post(usher, "providers", "custom-token", { token: "x".repeat(1_100_000) });
    assertRefused(huge, 413, "RequestTooLarge", "the request body is larger than 1065536 bytes");
  });

  test("large tokens that wait for their keys hold nobody up", async () => {
    const large = (sub) => claims({ sub, aud: ["providers", "held"], filler: "x".repeat(100_000) });
    const { asked, release } = issuer.hold("/held");
    let over = false;
    const waiting = Array.from({ length: 8 }, () => post(usher, "held", "custom-token", { token: issuer.keys.sign(large("held")) }));
    const all = Promise.all(waiting).finally(() => { over = true; });
    await asked;
    const reply = await post(usher, "providers", "custom-token", { token: hs256(SECRET, large("quick")) });
    assert.equal(reply.status, 200, reply.text);
    assert.ok(!over, "it had to wait for the others");
    release();
    for (const { status } of await all) assert.equal(status, 503);
  });

  test("keys that cannot be fetched are not the user's fault", async () => {
    const down = await serve(issuer, variant("down", issuer, (providers) => Object.assign(providers["custom-token"], {
      config: { signingAlgorithm: "RS256", useJWKURI: true, jwkURI: `${issuer.url}/nothing` }, secret_config: {},
    })));
    try {
      const reply = await post(down, "down", "custom-token", { token: issuer.keys.sign(claims({ aud: "down" })) });
      assertRefused(reply, 503, "Overloaded", "custom-token: the address of its keys cannot be reached at the moment; try again");
      assert.equal(reply.headers.get("retry-after"), "1");
      assert.match(down.log, /an authentication provider does not answer/);
    } finally {
      await down.stop();
    }
  });
});

describe("custom-function", () => {
  const payload = (more) => Realm.Credentials.function({ username: "ann", ...more });
  const identity = async (body) => {
    const reply = await post(usher, "providers", "custom-function", body);
    assert.equal(reply.status, 200, reply.text);
    const profile = await fetch(`${usher.url}${CLIENT}/auth/profile`, { headers: { Authorization: `Bearer ${reply.json.access_token}` } });
    return (await profile.json()).identities[0].id;
  };

  test("the function says who it is", async () => {
    const first = await logIn("providers", payload({ name: "Ann Lee" }));
    assert.deepEqual(await first.callFunction("whoAmI"), {
      id: first.id, type: "normal", data: { name: "Ann Lee" }, providers: ["custom-function"],
    });
    assert.equal((await logIn("providers", payload({ name: "Ann Lee" }))).id, first.id);
    assert.equal((await logIn("providers", Realm.Credentials.function({ returns: "ann" }))).id, first.id);
    assert.notEqual((await logIn("providers", payload({ username: "bob" }))).id, first.id);
  });

  test("it gets the payload without what clients say of themselves, numbers with their types", async () => {
    const body = { show: "payload", int: { $numberInt: "1" }, long: { $numberLong: "1" }, double: { $numberDouble: "1.0" } };
    const seen = JSON.parse(await identity({ ...body, options: { device: { platform: "node" } } }));
    assert.deepEqual(seen, body);
  });

  test("it runs as the system, for nobody", async () => {
    assert.equal(await identity({ show: "context" }), "system true");
  });

  test("what it throws is the answer", async () => {
    const error = realmError(401, "AuthError", "Authentication failed");
    await assert.rejects(logIn("providers", payload({ password: "wrong" })), error);
  });

  test("it must give an id", async () => {
    const text = "the function 'authenticate' must return the user's id, a string with anything in it, or {id, name}, both strings";
    const returns = [null, true, { $numberInt: "7" }, "", [], ["ann"], {}, { id: 7 }, { id: "" }, { id: { $gt: "" } }, { id: "a", name: { $gt: "" } }];
    const payloads = Object.fromEntries(returns.map((value) => [JSON.stringify(value), { returns: value }]));
    await refusesAll("providers", "custom-function", { ...payloads, nothing: {} }, [401, "AuthError", text]);
    await refusesAll("providers", "custom-function", { long: { returns: "x".repeat(1001) } }, UNAUTHORIZED);
  });

  test("a payload is a document", async () => {
    const before = await written(usher);
    for (const body of ["[]", "1", "null", "\"ann\"", "{", JSON.stringify({ id: { $oid: "xyz" } }), JSON.stringify({ $oid: "65a1b2c3d4e5f60718293a4b" })]) {
      assertRefused(await post(usher, "providers", "custom-function", body), 400, "BadRequest", /^the (request body|payload) /);
    }
    const large = { username: "ann", filler: "x".repeat(70_000) };
    assertRefused(await post(usher, "providers", "custom-function", large), 413, "RequestTooLarge", /65536 bytes$/);
    assert.deepEqual(await written(usher), before);
  });
});

describe("oauth2-google and oauth2-apple", () => {
  test("an ID token makes a user with what the app keeps of the profile", async () => {
    const google = await logIn("providers", Realm.Credentials.google({ idToken: issuer.idToken("google-client") }));
    const data = { email: "ann@example.org", first_name: "Ann", last_name: "Lee" };
    assert.deepEqual((await google.callFunction("whoAmI")).data, data);
    assert.deepEqual({ ...google.profile }, { email: "ann@example.org", firstName: "Ann", lastName: "Lee" });
    const apple = await logIn("providers", Realm.Credentials.apple(issuer.idToken("apple-client")));
    assert.deepEqual((await apple.callFunction("whoAmI")).data, { email: "ann@example.org" });
    assert.notEqual(apple.id, google.id, "the same person, but by two identities");
    assert.equal((await logIn("providers", Realm.Credentials.apple(issuer.idToken("apple-client")))).id, apple.id);
  });

  test("an authorization code is exchanged, from a browser's library or from a device's", async () => {
    const users = [];
    for (const redirect of ["postmessage", ""]) {
      users.push((await logIn("published", Realm.Credentials.google({ authCode: issuer.nativeCode(redirect) }))).id);
    }
    assert.equal(users[0], users[1]);
    const used = issuer.nativeCode("postmessage");
    await logIn("published", Realm.Credentials.google({ authCode: used }));
    await refusesAll("published", "oauth2-google", { used: { authCode: used }, unknown: { authCode: "4/xyz" } }, UNAUTHORIZED);
  });

  test("a token that is not right is refused", async () => {
    for (const [provider, client, other] of [["oauth2-google", "google-client", "apple-client"], ["oauth2-apple", "apple-client", "google-client"]]) {
      const token = (more, ...gone) => ({ id_token: issuer.keys.sign(without(issuer.claims(client, { sub: "nobody", ...more }), ...gone)) });
      await refusesAll("providers", provider, {
        "for another app": { id_token: issuer.idToken(other) },
        "for others, too": token({ aud: [client, "another"] }),
        "of another issuer": token({ iss: "https://accounts.google.com" }),
        "of no issuer": token({}, "iss"),
        "expired": token({ exp: inSeconds(-1) }),
        "no expiry": token({}, "exp"),
        "no subject": token({}, "sub"),
        "subject as an operator": token({ sub: { $gt: "" } }),
        "another key of the same id": { id_token: issuer.stranger.sign(issuer.claims(client)) },
        "an unknown key": { id_token: new Pair("key-2").sign(issuer.claims(client)) },
        "HS256 with the public key": { id_token: hs256(issuer.keys.pem, issuer.claims(client), { kid: "key-1" }) },
        "no signature": { id_token: unsigned(issuer.claims(client)) },
        "not a token": { id_token: "x" },
      }, UNAUTHORIZED);
    }
  });

  test("what the app requires of the profile must be there", async () => {
    const token = issuer.keys.sign(without(issuer.claims("google-client", { sub: "nobody" }), "email"));
    await refusesAll("providers", "oauth2-google", { "no e-mail address": { id_token: token } }, UNAUTHORIZED);
  });

  test("without openId no ID token is taken", async () => {
    await refusesAll("published", "oauth2-google", { token: { id_token: issuer.idToken("google-client") } }, UNAUTHORIZED);
  });

  test("only the domain's users may log in", async () => {
    for (const [provider, client] of [["oauth2-google", "google-client"], ["oauth2-apple", "apple-client"]]) {
      const token = (more) => ({ id_token: issuer.idToken(client, { sub: "domain", email: "ann@example.org", ...more }) });
      assert.equal((await post(usher, "signed", provider, token({}))).status, 200);
      await refusesAll("signed", provider, {
        "of another domain": token({ email: "ann@evil.example", hd: "example.org" }),
        "of a domain below": token({ email: "ann@sub.example.org" }),
        "of no domain": token({ email: undefined }),
        "not seen to be theirs": token({ email_verified: false }),
        "a list": token({ email: ["ann@example.org"] }),
      }, NO_DOMAIN);
    }
  });
});

describe("oauth2-facebook", () => {
  const present = (about) => ({ accessToken: issuer.accessToken("facebook-client", about) });

  test("an access token makes a user", async () => {
    const user = await logIn("providers", Realm.Credentials.facebook(present().accessToken));
    assert.deepEqual((await user.callFunction("whoAmI")).data, { name: "Person person-1", min_age: 21 });
    assert.equal((await logIn("providers", Realm.Credentials.facebook(present().accessToken))).id, user.id);
  });

  test("a token that is not for this app is refused", async () => {
    await refusesAll("providers", "oauth2-facebook", {
      "unknown": { accessToken: "unknown" },
      "not valid": present({ is_valid: false }),
      "of another app": present({ app_id: "another" }),
      "of no user": present({ user_id: undefined }),
    }, UNAUTHORIZED);
  });

  test("only the domain's users may log in", async () => {
    assert.equal((await post(usher, "signed", "oauth2-facebook", present({ email: "ann@example.org" }))).status, 200);
    await refusesAll("signed", "oauth2-facebook", {
      "of another domain": present({ email: "ann@evil.example" }),
      "of no domain": present({}),
    }, NO_DOMAIN);
  });

  test("when Facebook does not answer, that is what is said", async () => {
    issuer.down.add("/graph/debug_token");
    try {
      const reply = await post(usher, "providers", "oauth2-facebook", present());
      assertRefused(reply, 503, "Overloaded", "oauth2-facebook: its API cannot be reached at the moment; try again");
    } finally {
      issuer.down.clear();
    }
  });
});

describe("every provider", () => {
  const MEMBERS = [
    ["custom-token", "token"], ["oauth2-google", "id_token"], ["oauth2-google", "authCode"], ["oauth2-apple", "id_token"],
    ["oauth2-facebook", "accessToken"],
  ];

  test("takes nothing but text", async () => {
    const before = await written(usher);
    for (const [provider, member] of MEMBERS) {
      for (const value of [{ $gt: "" }, { $ne: null }, { $oid: "65a1b2c3d4e5f60718293a4b" }, ["x"], 7, true]) {
        const reply = await post(usher, "providers", provider, { [member]: value });
        assertRefused(reply, 400, "InvalidParameter", `'${member}' must be a string`);
      }
      assertRefused(await post(usher, "providers", provider, { [member]: null }), 400, "MissingParameter", `'${member}' is a required string`);
      for (const body of ["", "{}"]) assertRefused(await post(usher, "providers", provider, body), 400, "MissingParameter", /is a required string$/);
      for (const body of ["[]", "1", "{", "\u0000", "{\"a\":".repeat(5000)]) {
        assertRefused(await post(usher, "providers", provider, body), 400, "BadRequest", /^the request body /);
      }
      if (provider !== "custom-token") {
        assertRefused(await post(usher, "providers", provider, { [member]: "x".repeat(70_000) }), 413, "RequestTooLarge", /65536 bytes$/);
      }
    }
    for (const body of ["[]", "1", "null", "{", "\u0000", '"anon-user"']) {
      assertRefused(await post(usher, "providers", "anon-user", body), 400, "BadRequest", /^the request body /);
    }
    const large = { provider: "anon-user", filler: "x".repeat(70_000) };
    assertRefused(await post(usher, "providers", "anon-user", large), 413, "RequestTooLarge", /65536 bytes$/);
    assert.deepEqual(await written(usher), before);
  });

  /** A credential of each provider that another authority vouches for, of somebody with this name. */
  const credentialsOf = (sub, app = "providers") => {
    const person = { user_id: sub };
    return {
      "custom-token": { token: hs256(SECRET, claims({ sub, aud: app })) },
      "custom-function": { username: sub },
      "oauth2-google": { id_token: issuer.idToken("google-client", { sub }) },
      "oauth2-apple": { id_token: issuer.idToken("apple-client", { sub }) },
      "oauth2-facebook": { accessToken: issuer.accessToken("facebook-client", person) },
    };
  };

  test("links an identity to a user, who then is who logs in with it, and to nobody else", async () => {
    const { user: other } = await newUser(usher.app("providers"), "other");
    const session = (await post(usher, "providers", "anon-user", {})).json;
    const linked = ["anon-user"];
    for (const [provider, payload] of Object.entries(credentialsOf("linked-by-all"))) {
      const reply = await post(usher, "providers", provider, payload, { link: session.access_token });
      assert.equal(reply.status, 200, reply.text);
      assert.deepEqual(Object.keys(reply.json).sort(), ["access_token", "device_id", "refresh_token", "user_id"]);
      assert.equal(reply.json.user_id, session.user_id);
      linked.push(provider);
      const profile = await fetch(`${usher.url}${CLIENT}/auth/profile`, { headers: { Authorization: `Bearer ${reply.json.access_token}` } });
      const { identities } = await profile.json();
      assert.deepEqual(identities.map((one) => one.provider_type), linked);
      assert.equal(identities.at(-1).id, "linked-by-all");
      assert.equal((await post(usher, "providers", provider, payload)).json.user_id, session.user_id);
      const before = await written(usher);
      const taken = await post(usher, "providers", provider, payload, { link: other.accessToken });
      assertRefused(taken, 401, "AuthError", "unauthorized: the credential belongs to another user");
      assert.deepEqual(await written(usher), before);
    }
    const bad = { token: "a.b.c", id_token: "a.b.c", accessToken: "unknown", password: "wrong" };
    for (const provider of linked.slice(1)) {
      const reply = await post(usher, "providers", provider, bad, { link: other.accessToken });
      const text = provider === "custom-function" ? "Authentication failed" : "unauthorized: the credential is not good";
      assertRefused(reply, 401, "AuthError", text);
    }
  });

  test("has the user-creation function asked once, and leaves nothing of whom it refuses", async () => {
    const people = () => usher.inDatabase((mongo) => mongo.db("choosy").collection("people").find().sort({ _id: 1 }).toArray());
    for (const [provider, payload] of Object.entries(credentialsOf("welcome", "choosy"))) {
      const { access_token: token, user_id } = (await post(usher, "choosy", provider, payload)).json;
      const { user_data } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
      assert.deepEqual({ ...user_data, _id: 0 }, { _id: 0, user_id, name: "welcome", provider }, "the first token has what it wrote");
      assert.equal((await post(usher, "choosy", provider, payload)).json.user_id, user_id);
    }
    const providers = Object.keys(credentialsOf("welcome", "choosy"));
    assert.deepEqual((await people()).map((one) => one.provider), providers);
    const before = await written(usher);
    for (const [provider, payload] of Object.entries(credentialsOf("stranger", "choosy"))) {
      for (let attempt = 0; attempt < 2; attempt++) {
        assertRefused(await post(usher, "choosy", provider, payload), 401, "AuthError", `no strangers by ${provider}`);
      }
    }
    assert.deepEqual(await written(usher), before);
    assert.equal((await people()).length, providers.length);
    // Whoever is linked to a user is no new one.
    const { access_token: token } = (await post(usher, "choosy", "anon-user", {})).json;
    for (const [provider, payload] of Object.entries(credentialsOf("stranger", "choosy"))) {
      assert.equal((await post(usher, "choosy", provider, payload, { link: token })).status, 200, provider);
    }
    assert.equal((await people()).length, providers.length + 1, "the anonymous one");
  });

  test("lets no disabled user in, and makes no other of them", async () => {
    for (const [provider, payload] of Object.entries(credentialsOf("disabled-by-all"))) {
      const { user_id } = (await post(usher, "providers", provider, payload)).json;
      const done = run("users", "disable", user_id, "--app", directory, "--mongodb", usher.mongodb);
      assert.equal(done.status, 0, done.stderr);
      const before = await written(usher);
      assertRefused(await post(usher, "providers", provider, payload), 401, "UserDisabled", "user disabled");
      assert.deepEqual(await written(usher), before);
    }
  });

  test("is there only when it is switched on", async () => {
    const payload = { token: "t", id_token: "t", accessToken: "t", key: "k", username: "u", password: "p" };
    const providers = ["anon-user", "local-userpass", "api-key", "custom-token", "custom-function", "oauth2-google", "oauth2-facebook", "oauth2-apple"];
    for (const provider of providers) {
      assertRefused(await post(usher, "bare", provider, payload), 404, "AuthProviderNotFound", `authentication via '${provider}' is unsupported`);
    }
    assertRefused(await post(usher, "providers", "oauth2-other", payload), 404, "AuthProviderNotFound", "authentication via 'oauth2-other' is unsupported");
  });

  test("says why it refuses in the log, and nowhere a token", async () => {
    const token = hs256(SECRET, claims({ exp: inSeconds(-1), sub: "not-in-the-log" }));
    await post(usher, "providers", "custom-token", { token });
    await usher.logged(({ log }) => log.includes("the token has expired"));
    assert.ok(!usher.log.includes(token) && !usher.log.includes(SECRET));
  });
});

describe("linking", () => {
  test("an e-mail/password user gets a Google identity, and logs in with it", async () => {
    issuer.person = { sub: "linker", email: "linker@example.org" };
    const { user } = await newUser(usher.app("providers"), "linker");
    await user.linkCredentials(Realm.Credentials.google({ idToken: issuer.idToken("google-client") }));
    assert.deepEqual(user.identities.map((one) => one.providerType), ["local-userpass", "oauth2-google"]);
    const again = await logIn("providers", Realm.Credentials.google({ idToken: issuer.idToken("google-client") }));
    assert.equal(again.id, user.id);
  });

  test("an identity of another user is refused", async () => {
    const token = () => hs256(SECRET, claims({ sub: "taken" }));
    await logIn("providers", Realm.Credentials.jwt(token()));
    const { user } = await newUser(usher.app("providers"), "thief");
    // Not the bare word: realm-web takes that for a stale token, and asks again for ever.
    const reply = await post(usher, "providers", "custom-token", { token: token() }, { link: user.accessToken });
    assertRefused(reply, 401, "AuthError", "unauthorized: the credential belongs to another user");
  });
});
