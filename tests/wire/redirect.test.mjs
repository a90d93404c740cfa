// A browser's way to a provider and back, step by step over plain HTTP (reference 3.9).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { entryOf } from "./entries.mjs";
import { startIssuer } from "./issuer.mjs";
import { CLIENT, assertRefused, post, serve, variant, written } from "./providers.mjs";
import { newUser } from "./realm.mjs";

const REDIRECT = "https://app.example.org/signed-in";
const DEVICE = "65a1b2c3d4e5f60718293a4b";
const device = Buffer.from(JSON.stringify({ deviceId: DEVICE, platform: "chrome" })).toString("base64");

let issuer, usher;

before(async () => {
  issuer = await startIssuer();
  usher = await serve(
    issuer,
    variant("providers", issuer, () => {}, { allowed_request_origins: ["https://app.example.org"] }),
    variant("nosecret", issuer, (providers) => delete providers["oauth2-google"].secret_config),
  );
});
after(async () => {
  await usher?.stop();
  await issuer?.close();
});

const PROVIDERS = ["oauth2-google", "oauth2-apple", "oauth2-facebook"];

/** One step: what the answer says, without following it. */
async function step(url, options = {}) {
  const response = await fetch(url, { redirect: "manual", ...options });
  const text = await response.text();
  const cookies = response.headers.getSetCookie();
  return {
    status: response.status, headers: response.headers, text, cookies,
    location: response.headers.get("location"),
    cookie: cookies.map((cookie) => cookie.split(";")[0]).join("; "),
    get json() { return JSON.parse(text); },
  };
}

function begin(provider, query = {}, options = {}) {
  const fields = { redirect: REDIRECT, state: "abcdefghijkl", device, ...query };
  const search = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined));
  return step(`${usher.url}${CLIENT}/app/${query.app ?? "providers"}/auth/providers/${provider}/login?${search}`, options);
}

/** What the provider's page does: sends the browser back by its address, or by a form. */
async function atProvider(url) {
  const answer = await step(url);
  if (answer.status === 302) return { url: answer.location, options: {} };
  assert.equal(answer.status, 200, answer.text);
  const field = (name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(answer.text)?.[1];
  const body = new URLSearchParams(["code", "state", "error"].filter(field).map((name) => [name, field(name)]));
  const action = /action="([^"]*)"/.exec(answer.text)[1];
  // As a browser posts another site's form.
  return { url: action, options: { method: "POST", body, headers: { Origin: new URL(url).origin } } };
}

const back = ({ url, options }, cookie) =>
  step(url, { ...options, headers: { ...options.headers, ...(cookie ? { Cookie: cookie } : {}) } });

/** The fields that the app gets in the end. */
function arrived(answer) {
  assert.equal(answer.status, 302, answer.text);
  const [address, fragment] = answer.location.split("#");
  assert.equal(address, REDIRECT);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  return Object.fromEntries(fragment.split("&").map((pair) => pair.split("=")).map(([name, value]) => [name, decodeURIComponent(value)]));
}

const me = async (token) => (await fetch(`${usher.url}${CLIENT}/auth/profile`, { headers: { Authorization: `Bearer ${token}` } })).json();

describe("logging in", () => {
  for (const provider of PROVIDERS) {
    test(`by ${provider}`, async () => {
      const first = await begin(provider);
      assert.equal(first.status, 302, first.text);
      const { origin, pathname, searchParams } = new URL(first.location);
      assert.equal(origin + pathname, `${issuer.url}/authorize`);
      assert.equal(searchParams.get("client_id"), provider.replace("oauth2-", "") + "-client");
      assert.equal(searchParams.get("redirect_uri"), `${usher.url}${CLIENT}/auth/callback`);
      assert.match(first.cookies[0], /^usher_login_[\w-]{8}=[\w-]{43}; Path=\/api\/client\/v2\.0\/auth\/callback; Max-Age=600; HttpOnly; SameSite=Lax$/);
      assert.ok(!first.location.includes(first.cookie.split("=")[1]), "the secret stays with the browser");

      const last = await back(await atProvider(first.location), first.cookie);
      const fields = arrived(last);
      assert.deepEqual(Object.keys(fields), ["_baas_client_app_id", "_baas_ua", "_baas_state"]);
      assert.equal(fields._baas_client_app_id, "providers");
      assert.equal(fields._baas_state, "abcdefghijkl");
      const [access, refresh, user, deviceId] = fields._baas_ua.split("$");
      assert.equal(deviceId, DEVICE);
      const profile = await me(access);
      assert.equal(profile.user_id, user);
      assert.deepEqual(profile.identities.map((one) => [one.provider_type, one.id]), [[provider, "person-1"]]);
      const session = await fetch(`${usher.url}${CLIENT}/auth/session`, { method: "POST", headers: { Authorization: `Bearer ${refresh}` } });
      assert.equal(session.status, 201);
      assert.match(last.cookies[0], /^usher_login_[\w-]{8}=; .*Max-Age=0;/);
      // The log tells of the login once, when the browser is back.
      const { auth_event, user_id, error } = await entryOf(usher, last);
      assert.deepEqual([auth_event, user_id, error], [{ type: "login", provider, failed: false }, user, undefined]);
      const id = first.headers.get("x-appservices-request-id");
      const told = await usher.inDatabase((mongo) => mongo.db("usher").collection("logs").countDocuments({ co_id: id }));
      assert.equal(told, 0);
    });
  }

  test("is the login of the same identity as with its token", async () => {
    const first = await begin("oauth2-google");
    const [, , user] = arrived(await back(await atProvider(first.location), first.cookie))._baas_ua.split("$");
    const reply = await post(usher, "providers", "oauth2-google", { id_token: issuer.idToken("google-client") });
    assert.equal(reply.json.user_id, user);
  });
});

describe("linking", () => {
  test("a user gets the identity, by an address in a header", async () => {
    issuer.person = { sub: "linked-by-redirect", email: "linked@example.org" };
    const { user } = await newUser(usher.app("providers"), "redirect");
    const headers = { Authorization: `Bearer ${user.accessToken}`, Origin: "https://app.example.org" };
    const first = await begin("oauth2-google", { link: "true", providerRedirectHeader: "true", device: undefined }, { headers });
    assert.equal(first.status, 200, first.text);
    assert.equal(first.headers.get("access-control-allow-credentials"), "true");
    assert.match(first.headers.get("access-control-expose-headers"), /X-Baas-Location/i);
    const last = await back(await atProvider(first.headers.get("x-baas-location")), first.cookie);
    const fields = arrived(last);
    assert.equal(fields._baas_link, "ok");
    const [access, , id] = fields._baas_ua.split("$");
    assert.equal(id, user.id);
    assert.deepEqual((await me(access)).identities.map((one) => one.provider_type), ["local-userpass", "oauth2-google"]);
  });

  test("is refused where the identity is another user's, or the user is gone", async () => {
    issuer.person = { sub: "taken-by-redirect", email: "taken@example.org" };
    await post(usher, "providers", "oauth2-google", { id_token: issuer.idToken("google-client") });
    const link = async (meanwhile) => {
      const app = usher.app("providers");
      const { user } = await newUser(app, "redirect");
      const first = await begin("oauth2-google", { link: "true" }, { headers: { Authorization: `Bearer ${user.accessToken}` } });
      assert.equal(first.status, 302, first.text);
      await meanwhile?.(app, user);
      const before = await written(usher);
      const last = await back(await atProvider(first.location), first.cookie);
      assert.deepEqual(await written(usher), before);
      const { _baas_state, _baas_client_app_id, ...fields } = arrived(last);
      return { fields, last };
    };
    const { fields, last } = await link();
    assert.deepEqual(fields, { _baas_error: "unauthorized: the credential belongs to another user" });
    const { auth_event, error_code } = await entryOf(usher, last);
    assert.deepEqual([auth_event, error_code], [{ type: "link", provider: "oauth2-google", failed: true }, "AuthError"]);
    issuer.person = { sub: "nobody-by-redirect", email: "nobody@example.org" };
    const deleted = await link((app, user) => app.deleteUser(user));
    assert.deepEqual(deleted.fields, { _baas_error: "invalid session: failed to find refresh token" });
  });

  test("needs the user's token", async () => {
    assertRefused(await begin("oauth2-google", { link: "true" }), 401, "InvalidSession", "must authenticate first");
    const headers = { Authorization: "Bearer a.b.c" };
    assertRefused(await begin("oauth2-google", { link: "true" }, { headers }), 401, "InvalidSession", "invalid session");
  });
});

describe("what is refused at the start", () => {
  test("an address that is not the app's own", async () => {
    for (const redirect of [
      "https://evil.example/", `${REDIRECT}/`, `${REDIRECT}?x`, `${REDIRECT}#x`, "HTTPS://app.example.org/signed-in",
      "https://app.example.org", "javascript:alert(1)", "",
    ]) {
      const reply = await begin("oauth2-google", { redirect });
      assertRefused(reply, 400, "BadRequest", /is none of the "redirect_uris" of oauth2-google$/);
      assert.equal(reply.location, null);
    }
    assertRefused(await begin("oauth2-google", { redirect: undefined }), 400, "MissingParameter", "'redirect' is a required string");
  });

  test("a provider that is no OAuth 2 provider, or misses something", async () => {
    for (const provider of ["anon-user", "custom-token", "oauth2-other"]) {
      assertRefused(await begin(provider), 404, "AuthProviderNotFound", `authentication via '${provider}' is unsupported`);
    }
    const reply = await begin("oauth2-google", { app: "nosecret" });
    assertRefused(reply, 400, "BadRequest", /^oauth2-google has no client secret/);
    assertRefused(await begin("oauth2-google", { app: "unknown" }), 404, "AppNotFound", /unknown/);
  });

  test("an origin that the app does not list, whatever it asks for", async () => {
    const { user } = await newUser(usher.app("providers"), "origin");
    const before = await written(usher);
    const evil = "https://app.example.org.evil.example";
    const of = `${CLIENT}/app/providers`;
    for (const [method, path, body] of [
      ["POST", `${of}/auth/providers/anon-user/login`, "{}"], ["POST", `${of}/auth/providers/local-userpass/register`, "{}"],
      ["GET", `${of}/location`], ["POST", `${of}/functions/call`, "{}"], ["GET", `${CLIENT}/auth/profile`],
      ["GET", `${CLIENT}/auth/api_keys`], ["DELETE", `${CLIENT}/auth/delete`], ["GET", "/app/providers/endpoint/any"],
      ["OPTIONS", `${of}/functions/call`], ["OPTIONS", "/app/providers/endpoint/any"],
    ]) {
      const headers = { Origin: evil, Authorization: `Bearer ${user.accessToken}` };
      const reply = await step(usher.url + path, { method, headers, body });
      assertRefused(reply, 403, "DomainNotAllowed", `the origin ${evil} is not among this app's allowed_request_origins`);
      for (const name of ["origin", "credentials", "methods", "headers"]) {
        assert.equal(reply.headers.get(`access-control-allow-${name}`), null, `${method} ${path}`);
      }
    }
    assert.deepEqual(await written(usher), before);
    const headers = { Origin: "https://app.example.org", Authorization: `Bearer ${user.accessToken}` };
    assert.equal((await step(`${usher.url}${CLIENT}/auth/profile`, { headers })).status, 200);
  });

  test("a state that is too long to carry around", async () => {
    assertRefused(await begin("oauth2-google", { state: "x".repeat(257) }), 400, "BadRequest", /longer than 256/);
  });

  test("a device that is none is not taken for one", async () => {
    for (const odd of ["%%%", Buffer.from('{"deviceId":{"$gt":""}}').toString("base64")]) {
      const first = await begin("oauth2-google", { device: odd });
      const fields = arrived(await back(await atProvider(first.location), first.cookie));
      assert.match(fields._baas_ua.split("$")[3], /^[0-9a-f]{24}$/);
    }
  });
});

describe("what is refused on the way back", () => {
  const failed = (answer, text) => {
    const fields = arrived(answer);
    assert.deepEqual(Object.keys(fields), ["_baas_client_app_id", "_baas_error", "_baas_state"]);
    assert.match(fields._baas_error, text);
  };

  test("another browser than the one that set out", async () => {
    const before = await written(usher);
    const [one, other] = [await begin("oauth2-google"), await begin("oauth2-google")];
    const returning = await atProvider(one.location);
    failed(await back(returning), /another browser/);
    failed(await back(returning, other.cookie), /another browser/);
    const [name] = one.cookie.split("=");
    failed(await back(returning, `${name}=${other.cookie.split("=")[1]}`), /another browser/);
    failed(await back(returning, `${name}=`), /another browser/);
    assert.deepEqual(await written(usher), before);
    arrived(await back(returning, `${other.cookie}; ${one.cookie}`));
  });

  test("a code that was given to another browser", async () => {
    const [mine, theirs] = [await begin("oauth2-google"), await begin("oauth2-google")];
    const [a, b] = [new URL((await atProvider(mine.location)).url), new URL((await atProvider(theirs.location)).url)];
    a.searchParams.set("code", b.searchParams.get("code"));
    failed(await back({ url: a.href, options: {} }, mine.cookie), /^unauthorized$/);
  });

  test("a code a second time", async () => {
    const first = await begin("oauth2-google");
    const returning = await atProvider(first.location);
    arrived(await back(returning, first.cookie));
    failed(await back(returning, first.cookie), /^unauthorized$/);
  });

  test("somebody who declines", async () => {
    issuer.declines = true;
    try {
      for (const provider of PROVIDERS) {
        const first = await begin(provider);
        failed(await back(await atProvider(first.location), first.cookie), /^access_denied$/);
      }
    } finally {
      issuer.declines = false;
    }
  });

  test("a provider that does not answer", async () => {
    const first = await begin("oauth2-google");
    const returning = await atProvider(first.location);
    issuer.down.add("/token");
    try {
      failed(await back(returning, first.cookie), /oauth2-google: the address for its tokens cannot be reached/);
    } finally {
      issuer.down.clear();
    }
  });

  test("a state that is not ours", async () => {
    const first = await begin("oauth2-google");
    const { url } = await atProvider(first.location);
    const { user } = await newUser(usher.app("providers"), "state");
    const state = new URL(url).searchParams.get("state");
    const [header, payload, signature] = state.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url"));
    const forged = Buffer.from(JSON.stringify({ ...claims, redirect: "https://evil.example/" })).toString("base64url");
    for (const other of ["", "x", "a.b.c", `${header}.${forged}.${signature}`, `${header}.${payload}.`, user.accessToken, user.refreshToken]) {
      const changed = new URL(url);
      changed.searchParams.set("state", other);
      const answer = await back({ url: changed.href, options: {} }, first.cookie);
      assertRefused(answer, 400, "BadRequest", '"state" is not of a login that began here');
      assert.equal(answer.location, null);
    }
    const callback = `${usher.url}${CLIENT}/auth/callback`;
    assertRefused(await step(callback), 400, "MissingParameter", "'state' is a required string");
    // Nor is a state a token.
    const profile = await fetch(`${usher.url}${CLIENT}/auth/profile`, { headers: { Authorization: `Bearer ${state}` } });
    assert.equal(profile.status, 401);
  });

  test("no code", async () => {
    const first = await begin("oauth2-google");
    const url = new URL((await atProvider(first.location)).url);
    url.searchParams.delete("code");
    failed(await back({ url: url.href, options: {} }, first.cookie), /'code' is a required string/);
  });
});
