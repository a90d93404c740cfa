// HTTPS endpoints and webhooks (real-apps 6) as any HTTP client meets them: the app tests/javascript/endpoints.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { ObjectId } from "mongodb";
import { entriesOf, entryOf } from "./entries.mjs";
import { PASSWORD, credentials, freshEmail, register } from "./realm.mjs";
import { copyOf, start } from "./usher.mjs";

const SECRET = "a secret with spaces & signs";
const SIGNING_KEY = "the key that custom tokens are signed with";
const MEBIBYTE = 1024 * 1024;

let usher, app;

before(async () => {
  usher = await start(["dev", copyOf("tests/javascript/endpoints")], {
    USHER_SECRET_ENDPOINTSSECRET: SECRET,
    USHER_SECRET_ENDPOINTSSIGNINGKEY: SIGNING_KEY,
  });
  app = usher.app("endpoints");
});
after(() => usher?.stop());

const at = (path) => `${usher.url}/app/endpoints/endpoint${path}`;
const webhook = (path) => `${usher.url}/api/client/v2.0/app/endpoints/service/hooks/incoming_webhook/${path}`;

/** `{status, type, text}` of an answer. */
async function ask(url, options) {
  const response = await fetch(url, options);
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type"), text, headers: response.headers };
}

/** The value of an answer that must be 200 and JSON. */
async function value(url, options) {
  const { status, type, text } = await ask(url, options);
  assert.deepEqual([status, type], [200, "application/json"], text);
  return JSON.parse(text);
}

/** Checks that a request is refused with just this; gives the answer. */
async function refused(url, options, status, error_code, error) {
  const answer = await ask(url, options);
  assert.equal(answer.status, status, answer.text);
  const { link, ...body } = JSON.parse(answer.text);
  assert.match(link, /\/apps\/[^/]+\/logs\?co_id=[0-9a-f]{24}$/);
  assert.equal(answer.headers.get("x-appservices-request-id"), link.slice(-24));
  if (error instanceof RegExp) assert.match(body.error, error);
  else assert.equal(body.error, error);
  assert.equal(body.error_code, error_code);
  return answer;
}

const post = (body, headers = {}) => ({ method: "POST", body, headers });
const sign = (body, secret = SECRET) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

describe("routes and methods", () => {
  test("an endpoint for any method answers them all", async () => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      const { request } = await value(at("/echo"), { method });
      assert.equal(request.httpMethod, method);
    }
    const head = await ask(at("/echo"), { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
  });

  test("a method of its own goes before others at the same route", async () => {
    assert.deepEqual((await ask(at("/nothing"))).text, "null");
    assert.deepEqual((await ask(at("/nothing"), { method: "DELETE" })).status, 204);
    await refused(at("/nothing"), { method: "PUT" }, 404, "EndpointNotFound",
      "nothing answers PUT /app/endpoints/endpoint/nothing, only GET, DELETE");
  });

  test("the client API's path leads there as well, and slashes do not count", async () => {
    const url = `${usher.url}//api/client/v2.0/app/endpoints/endpoint/values/extended/`;
    assert.deepEqual((await value(url)).int, { $numberInt: "3" });
  });

  test("what is not there, or switched off, is not found", async () => {
    for (const path of ["/other", "", "/echo/more", "/Echo"]) {
      await refused(at(path), {}, 404, "EndpointNotFound", /^nothing answers GET [^,]*$/);
    }
    await refused(at("/off"), {}, 404, "EndpointNotFound", /^nothing answers GET [^,]*$/);
    await refused(`${usher.url}/app/other/endpoint/echo`, {}, 404, "AppNotFound",
      "cannot find app using Client App ID 'other'");
  });

  test("a browser may ask first", async () => {
    const asked = "apikey,content-type,x-own";
    const headers = {
      Origin: "https://shop.example.org", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": asked,
    };
    for (const url of [at("/mirror"), webhook("signed")]) {
      const answer = await ask(url, { method: "OPTIONS", headers });
      assert.equal(answer.status, 204);
      assert.equal(answer.headers.get("access-control-allow-origin"), "https://shop.example.org");
      assert.equal(answer.headers.get("access-control-allow-methods"), "GET, POST, PUT, PATCH, DELETE");
      assert.equal(answer.headers.get("access-control-allow-headers"), asked, "an app's own headers are its business");
    }
    // The client API knows its clients' headers.
    const client = await ask(`${usher.url}/api/client/v2.0/app/endpoints/functions/call`, { method: "OPTIONS", headers });
    assert.equal(client.headers.get("access-control-allow-headers"), "Authorization, Content-Type, Accept");
  });

  test("a browser's script sees the headers that the function lets it see", async () => {
    const steps = [["setHeader", "X-Total", "7"], ["setHeader", "Access-Control-Expose-Headers", "X-Total"], ["setHeader", "Vary", "Accept"]];
    const { headers } = await ask(at("/respond"), post(JSON.stringify(steps), { Origin: "https://shop.example.org" }));
    assert.equal(headers.get("access-control-allow-origin"), "https://shop.example.org");
    assert.equal(headers.get("access-control-expose-headers"), "X-Total, X-Baas-Location, X-Appservices-Request-Id");
    assert.equal(headers.get("vary"), "Accept, Origin");
  });
});

describe("the request", () => {
  test("is given to the function with its parameters, headers and body", async () => {
    const url = at("/echo?name=Ada%20L.&regions=na,eu&name=Bob&secret=own");
    const seen = await value(url, post("ü and more", { "Content-Type": "text/plain", "x-custom-HEADER": "1" }));
    assert.deepEqual(seen.query, { name: "Ada L.", regions: "na,eu", secret: "own" });
    assert.deepEqual(seen.headers["X-Custom-Header"], ["1"]);
    assert.deepEqual(seen.headers["Content-Type"], ["text/plain"]);
    assert.deepEqual([seen.hasBody, seen.text, seen.arguments], [true, "ü and more", 2]);
    const { requestHeaders, ...request } = seen.request;
    assert.deepEqual(request, {
      httpMethod: "POST",
      rawQueryString: "name=Ada%20L.&regions=na,eu&name=Bob",
      remoteIPAddress: "127.0.0.1",
      webhookUrl: "/echo",
    });
    assert.deepEqual(requestHeaders["X-Custom-Header"], ["1"]);
  });

  test("without a body has none", async () => {
    const seen = await value(at("/echo"), { method: "POST" });
    assert.deepEqual([seen.hasBody, "text" in seen, seen.query], [false, false, {}]);
  });

  test("holds what the app checks by itself, in the payload and in context.request", async () => {
    const headers = { Authorization: "Basic b3duOmNoZWNr", Cookie: "a=b", apiKey: "own" };
    const seen = await value(at("/echo"), { headers });
    for (const where of [seen.headers, seen.request.requestHeaders]) {
      assert.deepEqual(where.Authorization, ["Basic b3duOmNoZWNr"]);
      assert.deepEqual([where.Cookie, where.Apikey], [["a=b"], ["own"]]);
    }
  });

  test("may be taken apart in the parameters, and its body be Extended JSON", async () => {
    const body = '{"at":{"$date":{"$numberLong":"1641954803067"}},"long":{"$numberLong":"9"}}';
    const answer = await ask(at("/destructured?name=Ada"), post(body, { "Content-Type": "application/json" }));
    assert.equal(answer.headers.get("x-kind"), "application/json");
    assert.deepEqual(JSON.parse(answer.text), { name: "Ada", isDate: true, at: "2022-01-12T02:33:23.067Z", long: 9 });
  });

  test("may be as large as App Services allowed, and no larger", async () => {
    assert.equal(await value(at("/length"), post(Buffer.alloc(17 * MEBIBYTE, 7))), 17 * MEBIBYTE);
    await refused(at("/length"), post(Buffer.alloc(18 * MEBIBYTE + 1)), 413, "RequestTooLarge", /larger than 18874368/);
    await refused(webhook("signed"), post(Buffer.alloc(18 * MEBIBYTE + 1)), 413, "RequestTooLarge", /larger than/);
  });
});

describe("the answer", () => {
  const plain = {
    id: "5f00000000000000000000ab",
    date: "2022-01-12T02:33:23.067Z",
    int: 3,
    double: 2.5,
    long: 5,
    decimal: "1.50",
    bytes: { Subtype: 0, Data: "aGk=" },
    list: [null, "text"],
  };
  const extended = {
    id: { $oid: "5f00000000000000000000ab" },
    date: { $date: { $numberLong: "1641954803067" } },
    int: { $numberInt: "3" },
    double: { $numberDouble: "2.5" },
    long: { $numberLong: "5" },
    decimal: { $numberDecimal: "1.50" },
    bytes: { $binary: { base64: "aGk=", subType: "00" } },
    gone: { $undefined: true },
    list: [null, "text"],
  };

  test("is the result, as plain JSON or as Extended JSON", async () => {
    assert.deepEqual(await value(at("/values")), plain);
    assert.deepEqual(await value(at("/values/extended")), extended);
  });

  test("is written as the request asks", async () => {
    assert.deepEqual(await value(at("/values"), { headers: { Accept: "application/ejson" } }), extended);
    assert.deepEqual(await value(at("/values/extended"), { headers: { Accept: "application/json" } }), plain);
    const usual = { headers: { Accept: "application/json, text/plain, */*" } };
    assert.deepEqual(await value(at("/values/extended"), usual), extended);
  });

  const respond = (steps, path = "/respond") => ask(at(path), post(JSON.stringify(steps)));
  const sent = ({ status, type, text }) => [status, type, text];

  test("is the result unless the function set a body", async () => {
    assert.deepEqual(sent(await respond([])), [200, "application/json", '"the result"']);
    assert.deepEqual(sent(await respond([["setStatusCode", 202]])), [202, "application/json", '"the result"']);
    assert.deepEqual(sent(await respond([["setBody", "own"]])), [200, "text/plain; charset=utf-8", "own"]);
  });

  test("is only what the function set where results are not answered", async () => {
    const quiet = async (steps) => sent(await respond(steps, "/respond/quiet"));
    assert.deepEqual(await quiet([]), [204, null, ""]);
    assert.deepEqual(await quiet([["setStatusCode", 404]]), [404, null, ""]);
    assert.deepEqual(await quiet([["setBody", '{"a":1}']]), [200, "application/json", '{"a":1}']);
    assert.deepEqual(await quiet([["setBody", { a: [1.5] }]]), [200, "application/json", '{"a":[1.5]}']);
    assert.deepEqual(await quiet([["setBody", "gone"], ["setBody", null]]), [204, null, ""]);
    assert.deepEqual(await quiet([["setStatusCode", "201"], ["setBody", 5]]), [201, "application/json", "5"]);
  });

  test("has the headers that the function set", async () => {
    const { headers, type } = await respond([
      ["setHeader", "X-One", "1"], ["addHeader", "x-one", "2"], ["setHeader", "X-Two", "gone"], ["setHeader", "x-two", "2"],
      ["addHeader", "Set-Cookie", "a=1"], ["addHeader", "Set-Cookie", "b=2"], ["setHeader", "Content-Type", "text/html"],
      ["setHeader", "Content-Length", "1"], ["setHeader", "X-List", ["a", "b"]],
    ]);
    assert.equal(headers.get("x-one"), "1, 2");
    assert.equal(headers.get("x-two"), "2");
    assert.equal(headers.get("x-list"), "a, b");
    assert.deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(type, "text/html");
    assert.equal(headers.get("content-length"), "12");
  });

  test("is the bytes that the function sets", async () => {
    const bytes = Buffer.from([0, 255, 254, 1, 128]);
    const response = await fetch(at("/mirror"), { method: "PUT", body: bytes });
    assert.equal(response.headers.get("content-type"), "image/png");
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
  });

  test("cannot be broken by what the function sets", async () => {
    const fails = (steps, error) =>
      refused(at("/respond"), post(JSON.stringify(steps)), 400, "FunctionExecutionError", error);
    await fails([["setStatusCode", 99]], "Error: setStatusCode takes a number from 200 to 599, and got 99");
    await fails([["setStatusCode", "many"]], /^Error: setStatusCode takes a number/);
    await fails([["setHeader", "X-A", "1\r\nX-B: 2"]], /^Error: the header X-A cannot hold/);
    await fails([["addHeader", "a b", "1"]], 'Error: "a b" is not the name of a header');
  });

  test("is the usual error where the function throws, whatever it set", async () => {
    await refused(at("/fails"), {}, 400, "FunctionExecutionError", "Error: not today");
    await refused(at("/fails?how=reference"), {}, 400, "FunctionExecutionError", "ReferenceError: 'missing' is not defined");
  });
});

describe("validation", () => {
  test("by a secret in the query, which the function does not see", async () => {
    const given = at(`/secret?a=1&secret=${encodeURIComponent(SECRET)}&b=2`);
    const seen = await value(given);
    assert.deepEqual([seen.query, seen.request.rawQueryString], [{ a: "1", b: "2" }, "a=1&b=2"]);
    const bare = await refused(at("/secret"), {}, 401, "IncomingWebhookAuthFailed", /^no secret: /);
    const { type, function_name, error_code, error } = await entryOf(usher, bare);
    assert.deepEqual([type, function_name, error_code], ["ENDPOINT", "echo", "IncomingWebhookAuthFailed"]);
    assert.match(error, /^no secret: /);
    for (const wrong of ["", "x", SECRET.toUpperCase(), `${SECRET}x`]) {
      const url = at(`/secret?secret=${encodeURIComponent(wrong)}`);
      await refused(url, {}, 401, "IncomingWebhookAuthFailed", "the secret is wrong");
    }
  });

  test("by a signature of the body", async () => {
    const body = '{"message":"Hello!"}';
    const signed = (signature, text = body) => post(text, { "Endpoint-Signature": signature });
    assert.equal((await value(at("/signed"), signed(sign(body)))).text, body);
    // As the documentation of App Services writes it, with two colons.
    assert.equal((await value(at("/signed"), signed(`:${sign(body)}`))).text, body);
    assert.equal((await value(at("/signed"), signed(sign(""), ""))).hasBody, false);
    await refused(at("/signed"), post(body), 401, "IncomingWebhookAuthFailed", /^no signature: .*Endpoint-Signature/);
    for (const wrong of [sign(body, "other"), sign(`${body} `), sign(body).slice(7), "sha256=", "sha256=zz"]) {
      await refused(at("/signed"), signed(wrong), 401, "IncomingWebhookAuthFailed", "the signature is wrong");
    }
    const hook = { ...post(body), headers: { "X-Hook-Signature": sign(body) } };
    await refused(at("/signed"), hook, 401, "IncomingWebhookAuthFailed", /^no signature/);
  });

  test("by rules of the function and of the endpoint", async () => {
    await refused(at("/ruled"), {}, 400, "FunctionExecutionError", 'rule not matched for function "ruled"');
    assert.equal(await value(at("/ruled/itself?word=friend"), { method: "POST" }), "let in");
    for (const [method, word] of [["POST", "foe"], ["GET", "friend"]]) {
      const text = 'rule not matched for endpoint "/ruled/itself"';
      const answer = await refused(at(`/ruled/itself?word=${word}`), { method }, 400, "FunctionExecutionError", text);
      const { type, error } = await entryOf(usher, answer);
      assert.deepEqual([type, error], ["ENDPOINT", text]);
    }
  });
});

describe("the caller", () => {
  let email, user;
  before(async () => {
    email = freshEmail("caller");
    user = await register(app, email);
  });

  const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });
  const password = (address, word = PASSWORD) => ({ headers: { email: address, password: word } });

  test("is the system where the function runs as that", async () => {
    const system = { type: "system", data: {}, system: true };
    assert.deepEqual(await value(at("/who/system")), system);
    assert.deepEqual(await value(at("/who/system"), bearer(user.accessToken)), system);
  });

  test("is the user of an access token, who is not told to the function twice", async () => {
    const { headers, ...seen } = await value(at("/who"), bearer(user.accessToken));
    assert.deepEqual(seen, { id: user.id, type: "normal", system: false, custom_data: {} });
    assert.ok(!headers.includes("Authorization"));
  });

  test("is the user of an e-mail address and password", async () => {
    const { headers, ...seen } = await value(at("/who"), password(email));
    assert.deepEqual(seen, { id: user.id, type: "normal", system: false, custom_data: {} });
    assert.ok(!headers.includes("Password") && !headers.includes("Email"));
  });

  test("is the user of an API key", async () => {
    const { key } = await user.apiKeys.create("endpoints");
    for (const name of ["apiKey", "api-key"]) {
      assert.equal((await value(at("/who"), { headers: { [name]: key } })).id, user.id, name);
    }
    await refused(at("/who"), { headers: { apiKey: `${key}x` } }, 401, "AuthError", "unauthorized");
  });

  test("is the user of a custom token, who is made where the endpoint makes users", async () => {
    const part = (json) => Buffer.from(JSON.stringify(json)).toString("base64url");
    const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: freshEmail(), aud: "endpoints", exp: 4e9 })}`;
    const jwt = { headers: { jwtTokenString: `${body}.${createHmac("sha256", SIGNING_KEY).update(body).digest("base64url")}` } };
    await refused(at("/who"), jwt, 401, "AuthError", /belongs to no user yet/);
    const { id } = await value(at("/who/new"), jwt);
    assert.match(id, /^[0-9a-f]{24}$/);
    assert.equal((await value(at("/who"), jwt)).id, id);
  });

  test("has custom data where the endpoint asks for it, as it is now, and else an empty document", async () => {
    assert.deepEqual((await value(at("/who"), bearer(user.accessToken))).custom_data, {});
    const level = async () => (await value(at("/who/data"), bearer(user.accessToken))).custom_data.level;
    assert.equal(await level(), 7);
    await usher.inDatabase((mongo) =>
      mongo.db("endpoints").collection("people").updateOne({ user_id: user.id }, { $set: { level: 8 } }));
    assert.equal(await level(), 8);
  });

  test("is made where the endpoint makes users, and then is who logs in", async () => {
    const address = freshEmail("new");
    await app.emailPasswordAuth.registerUser({ email: address, password: PASSWORD });
    await refused(at("/who"), password(address), 401, "AuthError", /^the credential belongs to no user yet/);
    const seen = await value(at("/who/new"), password(address));
    assert.equal(seen.custom_data.level, 7);
    assert.equal((await value(at("/who"), password(address))).id, seen.id);
    assert.equal((await app.logIn(credentials(address))).id, seen.id);
  });

  test("must be somebody", async () => {
    await refused(at("/who"), {}, 400, "InvalidParameter", "no authentication methods were specified");
    await refused(at("/who"), { headers: { email } }, 400, "InvalidParameter", "no authentication methods were specified");
    const wrong = await refused(at("/who"), password(email, "wrong password"), 401, "InvalidPassword", "unauthorized");
    const { type, error_code, user_id } = await entryOf(usher, wrong);
    assert.deepEqual([type, error_code, user_id], ["ENDPOINT", "InvalidPassword", undefined]);
    await refused(at("/who/new"), password(freshEmail("nobody")), 401, "InvalidPassword", "unauthorized");
    await refused(at("/who"), bearer("a.b.c"), 401, "InvalidSession", /^invalid session/);
    // A bad token is not made good by a credential beside it.
    const both = { headers: { ...bearer("a.b.c").headers, ...password(email).headers } };
    await refused(at("/who"), both, 401, "InvalidSession", /^invalid session/);
  });

  test("is nobody who was disabled", async () => {
    const address = freshEmail("disabled");
    const disabled = await register(app, address);
    const { key } = await disabled.apiKeys.create("disabled");
    await usher.inDatabase((mongo) =>
      mongo.db("usher").collection("users").updateOne({ _id: new ObjectId(disabled.id) }, { $set: { disabled: true } }));
    for (const options of [password(address), { headers: { apiKey: key } }]) {
      await refused(at("/who"), options, 401, "UserDisabled", "user disabled");
      await refused(at("/who/new"), options, 401, "UserDisabled", "user disabled");
    }
  });

  test("may have a password of any letters", async () => {
    const address = freshEmail("letters");
    await app.emailPasswordAuth.registerUser({ email: address, password: "pässwörd" });
    const { id } = await app.logIn(credentials(address, "pässwörd"));
    // As browsers send it, and as most programs do.
    for (const word of ["pässwörd", Buffer.from("pässwörd").toString("latin1")]) {
      assert.equal((await value(at("/who"), password(address, word))).id, id);
    }
  });

  test("does not guess passwords here either", async () => {
    const address = freshEmail("guessed");
    await app.emailPasswordAuth.registerUser({ email: address, password: PASSWORD });
    for (let guess = 0; guess < 20; guess++) {
      await refused(at("/who"), password(address, `guess ${guess}`), 401, "InvalidPassword", "unauthorized");
    }
    const { headers } = await refused(at("/who"), password(address), 429, "TooManyFailures", /^too many failed logins; /);
    assert.match(headers.get("retry-after"), /^\d+$/);
  });

  test("is whom a script says", async () => {
    assert.deepEqual(await value(at(`/scripted?as=${user.id}`)), { id: user.id, system: false });
    assert.deepEqual(await value(at("/scripted?as=system")), { system: true });
    await refused(at("/scripted"), {}, 400, "FunctionExecutionError", /must answer a user's id or \{runAsSystem: true\}/);
    const nobody = at("/scripted?as=5f00000000000000000000ab");
    const answer = await refused(nobody, {}, 400, "FunctionExecutionError", /runs as the user 5f0/);
    const told = ({ type, error }) => type === "ENDPOINT" && /runs as the user 5f0/.test(error);
    await entriesOf(usher, answer.headers.get("x-appservices-request-id"), told);
  });

  test("has a response object to itself: functions that are called see none", async () => {
    const seen = await value(at("/nested"), { method: "POST", ...bearer(user.accessToken) });
    assert.deepEqual(seen, { outer: 2, inside: 1, apart: 1 });
  });
});

describe("webhooks of older apps", () => {
  test("answer Extended JSON as the system", async () => {
    const url = webhook("plain");
    assert.deepEqual(await value(url), { count: { $numberInt: "1" }, system: true, url });
  });

  test("take the caller's credential in headers or body, but not in both", async () => {
    const email = freshEmail("hooked");
    const { id } = await register(app, email);
    const body = JSON.stringify({ email, password: PASSWORD, more: 1 });
    assert.deepEqual(await value(webhook("authed"), post(body)), { id, more: { $numberInt: "1" } });
    assert.equal((await value(webhook("authed"), post('{"more":2}', { email, password: PASSWORD }))).id, id);
    await refused(webhook("authed"), post(body, { email, password: PASSWORD }), 400, "InvalidParameter",
      "credentials are in the headers and in the body: give them in one place");
    await refused(webhook("authed"), post("{}"), 400, "InvalidParameter", "no authentication methods were specified");
    // An endpoint takes them in headers only.
    await refused(at("/nested"), post(body), 400, "InvalidParameter", "no authentication methods were specified");
  });

  test("that set anything on the response answer just that", async () => {
    const { status, text } = await ask(webhook("touched"));
    assert.deepEqual([status, text], [202, ""]);
  });

  test("are validated by a secret or a signature of their own header", async () => {
    const { query, text } = await value(webhook(`secret?a=1&secret=${encodeURIComponent(SECRET)}`), post("hello"));
    assert.deepEqual([query, text], [{ a: "1" }, "hello"]);
    const wrong = await refused(webhook("secret?secret=x"), post("hello"), 401, "IncomingWebhookAuthFailed", "the secret is wrong");
    assert.equal((await entryOf(usher, wrong)).type, "WEBHOOK");
    const signed = (headers) => post("hello", headers);
    assert.equal((await value(webhook("signed"), signed({ "X-Hook-Signature": sign("hello") }))).text, "hello");
    const other = signed({ "X-Hook-Signature": sign("other") });
    await refused(webhook("signed"), other, 401, "IncomingWebhookAuthFailed", "the signature is wrong");
    const endpoint = signed({ "Endpoint-Signature": sign("hello") });
    await refused(webhook("signed"), endpoint, 401, "IncomingWebhookAuthFailed", /X-Hook-Signature/);
  });

  test("answer with the response object", async () => {
    for (const method of ["GET", "POST"]) {
      const { status, text } = await ask(webhook("quiet"), { method });
      assert.deepEqual([status, text], [200, "ok"]);
    }
  });

  test("are not found by other names or methods", async () => {
    await refused(webhook("other"), {}, 404, "IncomingWebhookNotFound", /^nothing answers GET/);
    await refused(webhook("plain"), { method: "POST" }, 404, "IncomingWebhookNotFound", /, only GET$/);
    const elsewhere = webhook("plain").replace("/hooks/", "/other/");
    await refused(elsewhere, {}, 404, "IncomingWebhookNotFound", /^nothing answers GET/);
    // A webhook's function is private.
    const user = await register(app, freshEmail());
    await assert.rejects(user.callFunction("incoming_webhooks/hooks/plain"), /function not found/);
  });
});
