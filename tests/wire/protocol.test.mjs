// Statuses, headers and bodies, exactly: what clients other than realm-web rely on (plain HTTP).
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  PASSWORD, appId, assertEmpty, assertError, assertJson, base, callText, claims, client, freshEmail, http, login,
  newSession, ofApp, register, requestId, userpass,
} from "./support.mjs";

const call = `${ofApp}/functions/call`;
const session = `${client}/auth/session`;
const profile = `${client}/auth/profile`;
const MIB = 1024 * 1024;

let user;

before(async () => {
  user = await newSession("protocol");
});

// ---- location, health, paths ----------------------------------------------------------------------------------------

test("the location is the host that was asked", async () => {
  const reply = await http("GET", `${ofApp}/location`);
  assertJson(reply, 200);
  assert.deepEqual(reply.json, {
    deployment_model: "LOCAL",
    location: "US-VA",
    hostname: base,
    ws_hostname: base.replace(/^http/, "ws"),
  });
});

test("forwarded headers are not believed unless told so", async () => {
  const headers = { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" };
  assert.equal((await http("GET", `${ofApp}/location`, { headers })).json.hostname, base);
});

test("an unknown app is named", async () => {
  const message = "cannot find app using Client App ID 'no-such-app'";
  for (const [method, path] of [["GET", "location"], ["POST", "auth/providers/anon-user/login"], ["POST", "functions/call"]]) {
    const reply = await http(method, `${client}/app/no-such-app/${path}`, { token: user.access_token });
    assertError(reply, 404, "AppNotFound", message, "no-such-app");
  }
});

test("a base URL with a slash at its end works", async () => {
  assertJson(await http("GET", `/${ofApp}/location`), 200);
});

test("what does not exist is a JSON 404", async () => {
  for (const [method, path, app] of [
    ["GET", "/api", "-"], ["GET", "/api/nothing", "-"], ["GET", "/", "-"], ["POST", `${client}/auth/nothing`, "-"],
    ["GET", `${ofApp}/nothing`, appId], ["DELETE", `${ofApp}/location`, appId], ["POST", `${userpass}/nothing`, appId],
  ]) {
    assertError(await http(method, path), 404, "NotFound", `there is nothing at ${method} ${path}`, app);
  }
});

test("health and readiness", async () => {
  for (const [path, body] of [["/health", { status: "ok" }], ["/ready", { status: "ready" }]]) {
    const reply = await http("GET", path);
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.headers.get("content-type"), "application/json");
    assert.deepEqual(reply.json, body);
  }
});

test("each request has an id of its own", async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, async () => requestId(await http("GET", `${ofApp}/location`))));
  assert.equal(new Set(ids).size, ids.length);
});

// ---- browsers -------------------------------------------------------------------------------------------------------

test("a preflight is answered for every path", async () => {
  for (const path of [call, session, profile, `${client}/app/no-such-app/location`]) {
    const headers = { Origin: "https://shop.example.org", "Access-Control-Request-Method": "POST" };
    const reply = await http("OPTIONS", path, { headers });
    assertEmpty(reply, 204);
    assert.equal(reply.headers.get("access-control-allow-origin"), "https://shop.example.org");
    assert.equal(reply.headers.get("access-control-allow-credentials"), "true");
    assert.equal(reply.headers.get("access-control-allow-methods"), "GET, POST, PUT, PATCH, DELETE");
    assert.equal(reply.headers.get("access-control-allow-headers"), "Authorization, Content-Type, Accept");
    assert.match(reply.headers.get("vary"), /origin/i);
  }
});

test("an answer and an error may be read by the origin's scripts", async () => {
  const headers = { Origin: "https://shop.example.org" };
  for (const reply of [
    await http("GET", `${ofApp}/location`, { headers }),
    await http("GET", profile, { headers }),
  ]) {
    assert.equal(reply.headers.get("access-control-allow-origin"), "https://shop.example.org");
    assert.equal(reply.headers.get("access-control-allow-credentials"), "true");
    assert.match(reply.headers.get("access-control-expose-headers"), /X-Baas-Location/i);
  }
  assert.equal((await http("GET", `${ofApp}/location`)).headers.get("access-control-allow-origin"), null);
});

// ---- registration ---------------------------------------------------------------------------------------------------

test("register answers 201 with nothing, and 409 the second time", async () => {
  const body = { email: freshEmail(), password: PASSWORD };
  assertEmpty(await http("POST", `${userpass}/register`, { body }), 201);
  assertError(await http("POST", `${userpass}/register`, { body }), 409, "AccountNameInUse", "name already in use");
});

test("register ignores any bearer, the charset and members it does not know", async () => {
  const body = { email: freshEmail(), password: PASSWORD, extra: { $set: 1 } };
  const headers = { "Content-Type": "application/json;charset=utf-8" };
  assertEmpty(await http("POST", `${userpass}/register`, { body, headers, token: "not.a.token" }), 201);
  await login(body.email);
});

test("register refuses what is no address and no password", async () => {
  const post = (email, password) => http("POST", `${userpass}/register`, { body: { email, password } });
  const length = "password must be between 6 and 128 characters";
  assertError(await post("", PASSWORD), 400, "BadRequest", "email invalid");
  assertError(await post(freshEmail(), "12345"), 400, "BadRequest", length);
  assertError(await post(freshEmail(), "x".repeat(129)), 400, "BadRequest", length);
  assertEmpty(await post(freshEmail(), "x".repeat(128)), 201);
  assertEmpty(await post(freshEmail(), "123456"), 201);
});

test("an operator, a number or an array is no text", async () => {
  for (const bad of [{ $gt: "" }, { $ne: null }, 1, true, ["a@example.org"], { $oid: "0".repeat(24) }]) {
    assertError(
      await http("POST", `${userpass}/register`, { body: { email: bad, password: PASSWORD } }),
      400, "InvalidParameter", "'email' must be a string",
    );
    assertError(
      await http("POST", `${userpass}/register`, { body: { email: freshEmail(), password: bad } }),
      400, "InvalidParameter", "'password' must be a string",
    );
    assertError(
      await http("POST", `${userpass}/login`, { body: { username: bad, password: PASSWORD } }),
      400, "InvalidParameter", "'username' must be a string",
    );
    assertError(
      await http("POST", `${userpass}/login`, { body: { username: user.email, password: bad } }),
      400, "InvalidParameter", "'password' must be a string",
    );
  }
  for (const missing of [{}, { email: null, password: PASSWORD }]) {
    assertError(
      await http("POST", `${userpass}/register`, { body: missing }),
      400, "MissingParameter", "'email' is a required string",
    );
  }
});

test("a body that is not a JSON object is refused", async () => {
  for (const body of ["{", "[]", "null", "email=a", '{"email":"a"}}', "\u0000"]) {
    assertError(await http("POST", `${userpass}/register`, { body }), 400, "BadRequest", /^the request body /);
  }
});

test("confirmation and reset, in an app that confirms by itself", async () => {
  const post = (path, body) => http("POST", `${userpass}/${path}`, { body });
  const { email } = user;
  assertError(await post("confirm/send", { email }), 400, "UserAlreadyConfirmed", "already confirmed");
  assertError(
    await post("confirm/call", { email }), 400, "BadRequest",
    `cannot run confirmation for ${email}: automatic confirmation is enabled`,
  );
  for (const path of ["confirm", "reset"]) {
    const body = { token: "e30=", tokenId: "e30=", password: PASSWORD };
    assertError(await post(path, body), 400, "BadRequest", "invalid token data");
    const known = { ...body, token: "0a".repeat(64), tokenId: "6268f7dd73fafea76b730fc9" };
    assertError(await post(path, known), 400, "UserpassTokenInvalid", "userpass token is expired or invalid");
  }
  assertError(await post("reset/send", { email }), 400, "BadRequest", /has no resetPasswordUrl/);
  assertError(await post("reset/call", { email, password: PASSWORD, arguments: [] }), 400, "BadRequest", /no reset function/);
});

// ---- login ----------------------------------------------------------------------------------------------------------

test("a login answers four strings, and the tokens hold the claims that clients read", async () => {
  const { email } = user;
  const reply = await http("POST", `${userpass}/login`, { body: { username: email, password: PASSWORD, provider: "local-userpass" } });
  assertJson(reply, 200);
  const body = reply.json;
  assert.deepEqual(Object.keys(body).sort(), ["access_token", "device_id", "refresh_token", "user_id"]);
  assert.equal(body.user_id, user.user_id);
  assert.match(body.device_id, /^(?!0{24})[0-9a-f]{24}$/);

  const access = claims(body.access_token);
  assert.equal(access.exp - access.iat, 1800);
  assert.equal(access.typ, "access");
  assert.equal(access.sub, body.user_id);
  assert.equal(access.baas_device_id, body.device_id);
  assert.match(access.iss, /^[0-9a-f]{24}$/);
  assert.match(access.baas_domain_id, /^[0-9a-f]{24}$/);
  assert.equal(access.stitch_devId, access.baas_device_id);
  assert.equal(access.stitch_domainId, access.baas_domain_id);
  assert.equal(access.user_data.user_id, body.user_id);
  assert.deepEqual(access.user_data.visits, { $numberInt: "0" });

  const refresh = claims(body.refresh_token);
  assert.equal(refresh.exp - refresh.iat, 60 * 24 * 3600);
  assert.equal(refresh.typ, "refresh");
  assert.equal(refresh.sub, body.user_id);
  assert.equal(refresh.baas_id, access.iss);
  assert.equal(refresh.baas_identity.provider_type, "local-userpass");
  assert.equal("user_data" in refresh, false);
});

test("a device keeps its id", async () => {
  const body = (deviceId) => ({ username: user.email, password: PASSWORD, options: { device: { deviceId, platform: "node" } } });
  const post = async (deviceId) => (await http("POST", `${userpass}/login`, { body: body(deviceId) })).json.device_id;
  assert.equal(await post({ $oid: user.device_id }), user.device_id);
  assert.match(await post({ $oid: "0".repeat(24) }), /^(?!0{24})[0-9a-f]{24}$/);
});

test("a wrong password and an unknown address get the same answer", async () => {
  for (const body of [
    { username: user.email, password: "wrong password" },
    { username: freshEmail("nobody"), password: PASSWORD },
    { username: user.email.toUpperCase(), password: PASSWORD },
  ]) {
    assertError(await http("POST", `${userpass}/login`, { body }), 401, "InvalidPassword", "unauthorized");
  }
});

test("an anonymous login needs no body", async () => {
  const reply = await http("POST", `${ofApp}/auth/providers/anon-user/login`);
  assertJson(reply, 200);
  const access = claims(reply.json.access_token);
  assert.equal(access.user_data.user_id, reply.json.user_id);
  const own = await http("GET", profile, { token: reply.json.access_token });
  assert.deepEqual(own.json.data, {});
  assert.equal(own.json.identities[0].provider_type, "anon-user");
});

test("providers that are not there are named", async () => {
  for (const provider of ["api-key", "custom-token", "custom-function", "oauth2-google", "nothing"]) {
    const message = `authentication via '${provider}' is unsupported`;
    for (const method of ["POST", "GET"]) {
      const body = method === "POST" ? { key: "k", token: "t", authCode: "c" } : undefined;
      const reply = await http(method, `${ofApp}/auth/providers/${provider}/login?redirect=http://a.test&state=abcdefghijkl`, { body });
      assertError(reply, 404, "AuthProviderNotFound", message);
    }
  }
});

// ---- sessions -------------------------------------------------------------------------------------------------------

test("the profile has the members that clients demand", async () => {
  const reply = await http("GET", profile, { token: user.access_token });
  assertJson(reply, 200);
  const { identities, custom_data: customData, domain_id: domain, ...rest } = reply.json;
  assert.deepEqual(rest, { user_id: user.user_id, data: { email: user.email }, type: "normal" });
  assert.equal(domain, claims(user.access_token).baas_domain_id);
  assert.equal(identities.length, 1);
  assert.deepEqual(Object.keys(identities[0]).sort(), ["id", "provider_id", "provider_type"]);
  assert.equal(customData.user_id, user.user_id);
});

test("a refresh answers 201 with a new access token", async () => {
  const reply = await http("POST", session, { token: user.refresh_token });
  assertJson(reply, 201);
  assert.deepEqual(Object.keys(reply.json), ["access_token"]);
  assert.equal(claims(reply.json.access_token).sub, user.user_id);
  assert.equal(claims(reply.json.access_token).iss, claims(user.access_token).iss);
});

test("no token and no bearer are told apart", async () => {
  for (const [method, path] of [["GET", profile], ["POST", session], ["DELETE", session], ["DELETE", `${client}/auth/delete`], ["POST", call]]) {
    const app = path === call ? appId : "-";
    assertError(await http(method, path), 401, "InvalidSession", "must authenticate first", app);
    for (const value of ["Bearer", "Bearer ", "Basic dTpw"]) {
      const reply = await http(method, path, { headers: { Authorization: value } });
      assertError(reply, 401, null, "expected Authorization header with JWT (Bearer schema)", app);
    }
  }
});

test("a token that is not good is an invalid session", async () => {
  const [head, body, signature] = user.access_token.split(".");
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
  const admin = Buffer.from(JSON.stringify({ ...claims(user.access_token), sub: "0".repeat(24) })).toString("base64url");
  for (const token of [
    user.refresh_token, `${head}.${body}.${"A".repeat(43)}`, `${head}.${admin}.${signature}`, `${none}.${body}.`,
    `${none}.${admin}.${signature}`, "a.b.c", "x",
  ]) {
    for (const [method, path] of [["POST", call], ["GET", profile]]) {
      const reply = await http(method, path, { token, body: method === "POST" ? { name: "echo", arguments: [1] } : undefined });
      assert.equal(reply.status, 401, `${token}: ${reply.text}`);
      assert.equal(reply.json.error_code, "InvalidSession");
      assert.match(reply.json.error, /^invalid session/);
    }
  }
  const reply = await http("POST", session, { token: user.access_token });
  assert.equal(reply.status, 401, "an access token does not refresh");
  assert.equal(reply.json.error_code, "InvalidSession");
});

test("logout answers 204 and ends the session, while the access token lives on", async () => {
  const own = await newSession("logout");
  const other = await login(own.email);
  assertEmpty(await http("DELETE", session, { token: own.refresh_token }), 204);
  for (const method of ["POST", "DELETE"]) {
    const reply = await http(method, session, { token: own.refresh_token });
    assertError(reply, 401, "InvalidSession", /^invalid session: failed to find refresh token/);
  }
  assertJson(await callText(own.access_token, "echo", "[1]"), 200);
  assertJson(await http("POST", session, { token: other.refresh_token }), 201);
});

test("deleting a user answers 204 and ends every session", async () => {
  const own = await newSession("delete");
  const other = await login(own.email);
  assertEmpty(await http("DELETE", `${client}/auth/delete`, { token: own.access_token }), 204);
  for (const token of [own.refresh_token, other.refresh_token]) {
    const reply = await http("POST", session, { token });
    assert.equal(reply.status, 401, reply.text);
    assert.equal(reply.json.error_code, "InvalidSession");
  }
  const body = { username: own.email, password: PASSWORD };
  assertError(await http("POST", `${userpass}/login`, { body }), 401, "InvalidPassword", "unauthorized");
  await register(own.email);
  assert.notEqual((await login(own.email)).user_id, own.user_id);
});

// ---- functions ------------------------------------------------------------------------------------------------------

test("a call answers the value itself", async () => {
  const reply = await callText(user.access_token, "echo", '[{"$numberInt":"1"}]');
  assertJson(reply, 200);
  assert.equal(reply.text, '{"$numberInt":"1"}');
  assert.equal((await callText(user.access_token, "echo", '["bonjour"]')).text, '"bonjour"');
  assert.equal((await callText(user.access_token, "echo", "[null]")).text, "null");
});

test("the order of the members and absent arguments do not matter", async () => {
  const post = (body) => http("POST", call, { token: user.access_token, body });
  assert.equal((await post('{"arguments":[true],"name":"echo","extra":{}}')).text, "true");
  for (const body of ['{"name":"get_custom_data"}', '{"name":"get_custom_data","arguments":null}', '{"name":"get_custom_data","arguments":[]}']) {
    const reply = await post(body);
    assertJson(reply, 200);
    assert.equal(reply.json.user_id, user.user_id);
  }
});

test("a function without a result answers undefined", async () => {
  const reply = await callText(user.access_token, "set_custom_data", '[{"newsletter":true}]');
  assertJson(reply, 200);
  assert.equal(reply.text, '{"$undefined":true}');
});

test("a call that cannot be made says why, and never with a 401", async () => {
  const post = (body) => http("POST", call, { token: user.access_token, body });
  assertError(await post({ name: "nope", arguments: [] }), 404, "FunctionNotFound", "function not found: 'nope'");
  assertError(await post({ name: "on_user_creation", arguments: [{}] }), 404, "FunctionNotFound", "function not found: 'on_user_creation'");
  assertError(await post({ name: "", arguments: [] }), 404, "FunctionNotFound", "function not found: ''");
  assertError(
    await post({ name: "set_custom_data", arguments: [{ role: "admin" }] }), 400, "FunctionExecutionError",
    "unknown field 'role': the fields are nickname, age and newsletter",
  );
  assertError(
    await post({ name: "insertOne", arguments: [{}], service: "nowhere" }), 400, "FunctionExecutionError",
    "TypeError: Cannot access member 'insertOne' of undefined",
  );
  for (const body of ["", "{", "[]", "{}", '{"name":{"$gt":""}}', '{"name":"echo","arguments":{}}', '{"name":1}']) {
    assertError(await post(body), 400, "BadRequest", /^the request body is not a function call/);
  }
});

test("a stream of what is none is refused at once", async () => {
  const query = `baas_request=${encodeURIComponent(Buffer.from('{"name":"watch"}').toString("base64"))}`;
  const headers = { Accept: "text/event-stream" };
  assertError(await http("GET", `${call}?${query}`, { token: user.access_token, headers }), 400, "BadRequest", /'watch' is no stream/);
});

test("a body that is too large is refused, and the next request served", async () => {
  const text = (length) => `{"name":"echo","arguments":["${"x".repeat(length)}"]}`;
  const post = (body) => http("POST", call, { token: user.access_token, body });
  assertError(await post(text(18 * MIB)), 413, "RequestTooLarge", `the request body is larger than ${18 * MIB} bytes`);
  assertError(await post(text(17 * MIB)), 400, "InvalidParameter", /^arguments: /);
  assertJson(await post(text(MIB)), 200);
  const body = { email: "x".repeat(64 * 1024), password: PASSWORD };
  assertError(await http("POST", `${userpass}/register`, { body }), 413, "RequestTooLarge", /larger than/);
});
