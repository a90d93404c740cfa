// The dialect of App Services: forms of sources, state, `context`, globals, errors. "real-apps" counts what exported apps do.
import assert from "node:assert/strict";
import { createHash, createHmac, createSign, createVerify, generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { SECRET, callText, caller, dialect } from "./dialect.mjs";
import { PASSWORD, credentials, newUser, realmError, thrown } from "./realm.mjs";

const BEGUN = Date.now();
let usher, user, call;

before(async () => {
  usher = await dialect();
  ({ user, call } = await caller(usher));
});
after(() => usher?.stop());

/** The answer as it is on the wire. */
const text = async (name, ...parts) => (await callText(usher, user, name, JSON.stringify(parts))).text;

describe("forms of exports", () => {
  const forms = [
    "asyncFunction", "plainFunction", "arrow", "asyncArrow", "named", "asyncNamed", "identifier", "hoisted", "moduleExports",
    "guardAfter", "guardBefore", "generatorHelper",
  ];
  for (const form of forms) {
    test(form, async () => {
      assert.equal(await call(`forms/${form}`, 2, 3), 5);
    });
  }
  test("default and rest parameters", async () => {
    assert.deepEqual(await call("forms/defaults", 1), { a: 1, b: 10, c: 100, rest: {} });
    assert.deepEqual(await call("forms/defaults", 1, 2, { c: 3, d: 4 }), { a: 1, b: 2, c: 3, rest: { d: 4 } });
  });
  test("destructured parameters", async () => {
    assert.deepEqual(await call("forms/destructured", { name: "Ada", list: [1, 2, 3] }, "more"), {
      name: "Ada", first: 1, others: [2, 3], missing: "none", more: ["more"],
    });
  });
  test("this", async () => {
    const answer = { global: true, seen: 1, tool: 21, deleted: true };
    assert.deepEqual(await call("forms/usesThis", 1), answer);
    assert.deepEqual(await call("forms/usesThis", 1), answer, "what was deleted is back");
  });
  test("a class is no function that can be called", async () => {
    await assert.rejects(call("forms/aClass", 1), thrown(/^TypeError: .*class/));
  });
  test("an object is no function", async () => {
    await assert.rejects(call("forms/notAFunction"), thrown(/^TypeError: functions\/forms\/notAFunction\.js exports no function/));
  });
  test("the language of apps", async () => {
    const { version, ...answer } = await call("globals/level", { user: { name: "Ada" }, list: [1] }, [1, 2, 3]);
    assert.match(version, /^v\d+\./);
    assert.deepEqual(answer, {
      name: "Ada", copy: { list: [1, 3] }, first: 1, third: 3, swapped: [2, 1], caught: true, optional: "absent",
      template: "Ada: 1,4", regex: "06.05.2024", promises: [1, 2], settled: "rejected", flat: [1, 2, 3], entries: { a: 2 },
      encoded: ["aOk=", "hi", "a%20b"], sorted: [1, 2, 3], padded: "007", parsed: "2024-05-06T08:20:30.400Z",
    });
  });
});

describe("state lives for one call", () => {
  test("real-apps 10: implicit globals work, and are gone in the next call", async () => {
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await call("state/implicit", [1, 2, 3]), { before: "undefined", total: 6, i: 3, kept: "number" });
    }
    assert.deepEqual(await call("state/looked"), ["undefined", "undefined", "undefined", "undefined"]);
  });
  test("an undeclared variable of the top level belongs to its own function", async () => {
    assert.equal(await call("state/topLevel"), 2);
    assert.equal(await call("state/topLevel"), 2);
  });
  test("state of the module starts anew", async () => {
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await call("state/counter"), { count: 1, cached: 1, list: [1] });
    }
  });
  test("what a call changes in the language itself does not reach the next", async () => {
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await call("state/pollute"), { helper: 0, object: "undefined", includes: false, parse: [1] });
    }
  });
  test("chance and time are those of the call, also at the top level", async () => {
    const began = Date.now();
    const rounds = [];
    for (let round = 0; round < 5; round++) rounds.push(await call("state/chance"));
    const seen = new Set();
    for (const { top, call: later, times } of rounds) {
      for (const value of [top.id.toHexString(), top.random, top.uuid, later.id.toHexString(), later.random, later.uuid, later.bytes]) {
        assert.equal(seen.has(value), false, `${value} came twice`);
        seen.add(value);
      }
      assert.ok(top.random >= 0 && top.random < 1 && later.random >= 0 && later.random < 1);
      assert.ok(times.began >= began - 1 && times.began <= Date.now() + 1);
      assert.equal(times.of.getTime(), times.began);
      assert.ok(times.now >= times.began && times.date.getTime() >= times.began);
      assert.ok(Math.abs(Date.parse(times.text) - times.began) < 60_000);
      assert.ok(Math.abs(top.id.getTimestamp().getTime() - times.began) < 2_000);
    }
    const parts = rounds.map(({ top }) => top.id.toHexString().slice(8, 18));
    assert.equal(new Set(parts).size, rounds.length, "the random part of ids is drawn in each call");
  });
  test("the sequences of two calls have nothing in common", async () => {
    const rounds = await Promise.all(Array.from({ length: 8 }, () => call("state/innerChance")));
    const all = rounds.flatMap(({ ids, randoms, uuid }) => [...ids, ...randoms, uuid]);
    assert.equal(new Set(all).size, all.length);
  });
});

describe("context", () => {
  test("real-apps 10.11: user, values, environment, request, app", async () => {
    const { email, user: ada } = await newUser(usher.app("dialect"), "ada");
    const seen = await ada.functions["context/whole"]();
    assert.deepEqual(seen.user, {
      id: ada.id,
      type: "normal",
      data: { email },
      custom_data: { ...seen.user.custom_data, user_id: ada.id, level: 1, born: new Date(0) },
      identities: [{ id: seen.user.identities[0].id, provider_type: "local-userpass", data: { email } }],
    });
    assert.match(seen.user.identities[0].id, /^[0-9a-f]{24}$/);
    assert.deepEqual(seen.values, ["a text", 7, [1, "two"], { a: { b: true } }, SECRET, null, null]);
    assert.deepEqual(seen.environment, { tag: "testing", values: { greeting: "Good day", limits: { most: 3 } } });
    assert.equal(seen.app.id, "dialect");
    assert.equal(seen.app.clientAppId, "dialect");
    assert.equal(seen.app.name, "dialect");
    assert.ok(Date.parse(seen.app.lastDeployed) >= BEGUN - 1_000 && Date.parse(seen.app.lastDeployed) <= Date.now(), seen.app.lastDeployed);
    assert.equal(seen.request.remoteIPAddress, "127.0.0.1");
    assert.equal(seen.request.httpMethod, "POST");
    assert.equal(seen.system, false);
    assert.deepEqual(seen.has, {
      user: "object", app: "object", environment: "object", request: "object", values: "object", functions: "object",
      services: "object", http: "object",
    });
  });
  test("real-apps 10.9: an anonymous caller", async () => {
    const { user: seen } = await call("context/whole");
    assert.deepEqual(
      { id: seen.id, type: seen.type, data: seen.data, providers: seen.identities.map((one) => one.provider_type) },
      { id: user.id, type: "normal", data: {}, providers: ["anon-user"] },
    );
    assert.equal(seen.custom_data.user_id, user.id);
  });
  test("headers of the request, without the token", async () => {
    const response = await fetch(`${usher.url}/api/client/v2.0/app/dialect/functions/call`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json", Authorization: `Bearer ${user.accessToken}`, "User-Agent": "tester/1.0",
        "X-Mark": "here", Referer: "http://example.com/",
      },
      body: '{"name":"context/whole","arguments":[]}',
    });
    const answer = await response.text();
    const { request } = JSON.parse(answer);
    assert.equal(request.httpUserAgent, "tester/1.0");
    assert.equal(request.httpReferrer, "http://example.com/");
    assert.deepEqual(request.requestHeaders["X-Mark"], ["here"]);
    assert.equal(answer.includes(user.accessToken), false);
  });
  test("real-apps 10.5: a function that runs as the system still sees who called", async () => {
    const seen = await call("context/asSystem");
    assert.equal(seen.system, true);
    assert.equal(seen.user.id, user.id);
    assert.equal(seen.user.type, "normal");
  });
  test("real-apps 10.5: a private function is called by functions and nobody else", async () => {
    await assert.rejects(
      call("context/privateOne", []),
      realmError(404, "FunctionNotFound", "function not found: 'context/privateOne'"),
    );
    assert.deepEqual((await call("context/execute")).secret, { list: [2], first: 1 });
  });
  test("the top level may use context", async () => {
    assert.deepEqual(await call("context/topLevel"), { greeting: "Good day", caller: user.id, found: user.id });
    const other = await caller(usher);
    assert.equal((await other.call("context/topLevel")).caller, other.user.id, "and is evaluated for each caller");
  });
  test("real-apps 10.11: execute is synchronous for a synchronous function, and live objects pass", async () => {
    assert.deepEqual(await call("context/execute"), {
      sync: 5, isPromise: true, resolved: 5, secret: { list: [2], first: 1 },
      caught: { name: "NotToday", message: "come back tomorrow", own: 5, isError: true },
      doubled: 42, live: { name: "Hello, Ada", kind: "Greeter", sum: 5 }, none: "undefined", viaSpread: 9,
      user: { id: user.id, type: "normal", system: false },
    });
  });
  test("from user to system execute crosses into another instance, with values", async () => {
    assert.deepEqual(await call("context/crossing"), {
      isPromise: true,
      who: { id: user.id, type: "normal", system: true },
      echoed: { id: true, when: true, keys: ["id", "when"] },
      global: "undefined",
      caught: { message: "RangeError: too far", isError: true },
    });
  });
  test("what is not there is undefined, or throws as in App Services", async () => {
    assert.deepEqual(await call("context/misuse"), {
      service: "undefined", member: "undefined", customData: "undefined", auth: "undefined", misspelt: "undefined",
      noService: { error: "TypeError: Cannot access member 'db' of undefined" },
      noMember: { error: "TypeError: Cannot access member 'execute' of undefined" },
      noLogin: { error: "TypeError: Cannot access member 'login' of undefined" },
      noExecute: { error: "TypeError: 'excute' is not a function" },
      noVariable: { error: "ReferenceError: 'unheardOf' is not defined" },
      ofNull: { error: "TypeError: Cannot access member 'x' of null" },
      unknownFunction: { error: "Error: function not found: 'no/such'" },
      noDatabase: { error: "Error: db() needs a name, not undefined" },
    });
  });
  const misuses = {
    service: "TypeError: Cannot access member 'db' of undefined",
    member: "TypeError: Cannot access member 'execute' of undefined",
    login: "TypeError: Cannot access member 'login' of undefined",
    variable: "ReferenceError: 'unheardOf' is not defined",
    set: "TypeError: Cannot access member 'here' of undefined",
    ofNull: "TypeError: Cannot access member 'x' of null",
    execute: "TypeError: 'excute' is not a function",
    call: "TypeError: 'five' is not a function",
    unknownFunction: "Error: function not found: 'no/such'",
  };
  for (const [name, message] of Object.entries(misuses)) {
    test(`not caught: ${message}`, () => assert.rejects(call("context/misuseUncaught", name), thrown(message)));
  }
});

describe("globals", () => {
  test("real-apps 10.12: BSON constructors with and without new", async () => {
    const { values, facts, errors } = JSON.parse(await text("globals/bson"));
    const id = { $oid: "5f00000000000000000000ab" };
    const int = { $numberInt: "5" };
    const double = { $numberDouble: "5.0" };
    const binary = (base64, subType = "00") => ({ $binary: { base64, subType } });
    const regex = (pattern, options) => ({ $regularExpression: { pattern, options } });
    assert.deepEqual(values, [
      id, id, int, int, double, double, { $numberLong: "5" }, { $numberLong: "4294967301" }, { $numberDecimal: "1.50" },
      binary("AQID"), binary("Cgs="), { $minKey: 1 }, { $minKey: 1 }, { $maxKey: 1 }, regex("^a", "i"), regex("b", ""),
      regex("c", "im"), { $timestamp: { t: 2, i: 1 } }, binary("c//SZESzTGmQ6OfR38A11A==", "04"),
      { $date: { $numberLong: "0" } }, binary("AQI="), { $numberLong: "10" }, { $numberLong: "9007199254740993" },
    ]);
    assert.deepEqual(facts, {
      equal: true, text: id.$oid, json: `{"id":"${id.$oid}"}`, hex: id.$oid, type: true,
      date: { $date: { $numberLong: String(0x5f000000 * 1000) } }, valid: [true, false],
      binary: ["010203", "AQID", "abc", { $numberInt: "3" }],
      long: ["5", "9007199254740994", { $numberInt: "8" }], int: { $numberInt: "8" }, decimal: "1.50",
    });
    assert.match(errors.id, /^invalid ObjectId: "abc"/);
    assert.match(errors.base64, /padding/);
    assert.match(errors.hex, /hexadecimal/);
    assert.match(errors.decimal, /no number/);
  });
  test("real-apps 10.12: EJSON, canonical unless asked otherwise", async () => {
    const canonical = '{"id":{"$oid":"5f00000000000000000000ab"},"when":{"$date":{"$numberLong":"0"}},"int":{"$numberInt":"1"},"long":{"$numberLong":"2"},"double":{"$numberDouble":"3.0"}}';
    assert.deepEqual(await call("globals/ejson", canonical), {
      canonical,
      relaxed: '{"id":{"$oid":"5f00000000000000000000ab"},"when":{"$date":"1970-01-01T00:00:00Z"},"int":1,"long":2,"double":3.0}',
      types: [true, true, "number", "number"],
      list: '[{"$numberInt":"1"},{"a":{"$date":{"$numberLong":"0"}}}]',
      plain: '{"a":{"$numberDouble":"1.5"},"b":"x","c":null,"d":true}',
      nothing: "undefined",
    });
  });
  test("utils.crypto", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const answer = await call("globals/crypto", { publicKey, privateKey });
    assert.ok(createVerify("sha256").update("message").verify(publicKey, answer.signature, "base64"), "as Node verifies it");
    assert.match(answer.refused, /cannot be decrypted/);
    assert.deepEqual({ ...answer, signature: null, refused: null }, {
      opened: "bonjour", fresh: true, refused: null, verified: [true, false, true], signature: null,
      hmac: createHmac("sha256", "secret").update("input").digest("hex"),
      hmac64: createHmac("sha512", "secret").update("input").digest("base64"),
      hash: createHash("sha256").update("input").digest("hex"),
      md5: createHash("md5").update(Buffer.from([0])).digest("hex"),
    });
  });
  test("utils.jwt", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = `${part({ alg: "HS256", typ: "JWT" })}.${part({ from: "Node" })}`;
    const foreign = `${head}.${createHmac("sha256", "shared").update(head).digest("base64url")}`;
    const answer = await call("globals/jwt", { publicKey, privateKey, foreign });
    const payload = { sub: "ada", list: [1], exp: 4102444800 };
    assert.deepEqual(answer.decoded, payload);
    assert.deepEqual(answer.whole, { header: { alg: "HS256", typ: "JWT", kid: "one" }, payload });
    assert.deepEqual(answer.rsa, payload);
    assert.deepEqual(answer.foreign, { from: "Node" });
    const [header, body, signature] = answer.token.split(".");
    assert.equal(createHmac("sha256", "a secret").update(`${header}.${body}`).digest("base64url"), signature);
    const signed = answer.signed.split(".");
    assert.ok(createVerify("sha256").update(`${signed[0]}.${signed[1]}`).verify(publicKey, signed[2], "base64url"));
    assert.match(answer.failures[0], /signature is invalid/);
    assert.match(answer.failures[1], /none of the accepted methods/);
    assert.match(answer.failures[2], /expired/);
  });
  test("real-apps 10.4: console writes to the log", async () => {
    assert.equal(await call("globals/logs", "the mark"), null);
    const lines = await usher.logged((it) => {
      const all = it.logOf("globals/logs");
      return all.some(({ message }) => message.includes("[Circular]")) ? all : undefined;
    });
    assert.deepEqual(lines.map(({ level, message }) => [level, message.split("\n")[0]]), [
      ["INFO", 'plain the mark 5 { a: [1, "two", null], id: ObjectId("5f00000000000000000000ab") }'],
      ["INFO", "it is 5%"],
      ["WARN", "careful"],
      ["ERROR", "TypeError: went wrong"],
      ["INFO", '{ name: "circle", self: [Circular] } undefined [Function (anonymous)] [undefined] 9000'],
    ]);
    assert.match(lines[3].message, /functions\/globals\/logs\.js:5:\d+/);
    for (const { invocation } of lines) assert.match(invocation, /^[0-9a-f]{24}$/);
  });
  test("results", async () => {
    const results = {
      undefined: '{"$undefined":true}',
      nothing: '{"$undefined":true}',
      null: "null",
      nested: '{"a":{"$numberInt":"1"},"b":[{"c":{"$numberInt":"2"}}],"d":{"$undefined":true}}',
      aFunction: '{"$undefined":true}',
      date: '{"valid":{"$date":{"$numberLong":"5"}},"invalid":null}',
      thenable: '"from a thenable"',
      instance: '{"x":{"$numberInt":"1"}}',
      symbol: '{"shown":{"$numberInt":"2"}}',
      hidden: '{"shown":{"$numberInt":"1"}}',
      numbers: '[{"$numberInt":"1"},{"$numberInt":"-1"},{"$numberLong":"2147483648"},{"$numberDouble":"9007199254740992.0"},' +
        '{"$numberDouble":"1.5"},{"$numberDouble":"-0.0"},{"$numberDouble":"NaN"},{"$numberDouble":"Infinity"},' +
        '{"$numberDouble":"1e300"},{"$numberInt":"2"}]',
      text: '"Zoë 🦉 \\u0000"',
    };
    for (const [name, expected] of Object.entries(results)) assert.equal(await text("globals/results", name), expected, name);
    await assert.rejects(call("globals/results", "circle"), thrown(/nested deeper than 100 levels, or in a circle/));
  });
});

describe("timers", () => {
  test("in their order, and with a call that waits for them", async () => {
    assert.deepEqual(await call("globals/timers", "awaited"), ["now", "microtask", "at once", "sooner", "later"]);
  });
  test("an interval until it is cleared", async () => {
    assert.equal(await call("globals/timers", "interval"), 3);
  });
  test("timers that are left running do not hold the call", async () => {
    assert.equal(await call("globals/timers", "left"), "done");
  });
  test("a promise that nobody settles ends the call with an error that says so", async () => {
    const message = thrown("Error: the function returned a promise that nothing will ever settle");
    await assert.rejects(call("globals/timers", "never"), message);
    await assert.rejects(call("globals/timers", "neverNested"), message);
  });
  test("what a timer throws fails the call that waits", async () => {
    await assert.rejects(call("globals/timers", "throwing"), thrown("Error: thrown in a timer"));
  });
});

describe("errors", () => {
  const errors = {
    error: "Error: an error",
    noMessage: "Error",
    type: "TypeError: a type error",
    string: "just text",
    object: '{"status":404,"id":{"$oid":"5f00000000000000000000ab"}}',
    number: "5",
    undefined: "undefined",
    null: "null",
    reference: "ReferenceError: 'unheardOf' is not defined",
    assign: "ReferenceError: 'undeclared' is not defined",
    rejection: "Error: rejected",
    rejectedText: "rejected text",
    later: "RangeError: in a while",
    nested: "Error: inside of the result",
    json: /^SyntaxError: /,
    constant: /^TypeError: .*five/,
    coded: "Error: with a code of its own",
    long: /^Error: x{1000}/,
  };
  for (const [name, message] of Object.entries(errors)) {
    test(`${name}: status 400, FunctionExecutionError, ${message}`, async () => {
      await assert.rejects(call("errors/thrown", name), thrown(message));
    });
  }
  test("a class of the app's own", () => assert.rejects(call("errors/custom"), thrown("NotToday: come back tomorrow")));
  test("a rejection that nobody noticed is in the log, one that was handled is not", async () => {
    assert.equal(await call("errors/thrown", "unnoticed"), "fine");
    assert.equal(await call("errors/thrown", "handled"), "caught: handled later");
    const lines = await usher.logged((it) => {
      const found = it.logOf("errors/thrown").filter(({ message }) => message.includes("nobody"));
      return found.length > 0 ? found : undefined;
    });
    assert.match(lines[0].message, /nobody waits for this/);
    assert.equal(usher.log.includes("handled later"), false);
  });

  const stack = async (name) => {
    const [line] = await usher.logged((it) => {
      const found = it.logOf(name).filter(({ message }) => message.includes("    at "));
      return found.length > 0 ? found : undefined;
    });
    return line.message.split("\n");
  };
  test("the stack has file, line and column, on the first line too", async () => {
    await assert.rejects(call("errors/firstLine"), thrown("TypeError: Cannot access member 'member' of null"));
    assert.deepEqual(await stack("errors/firstLine"), [
      "TypeError: Cannot access member 'member' of null",
      "    at exports (functions/errors/firstLine.js:1:54)",
    ]);
  });
  test("the stack names the functions on the way, and nothing of the engine", async () => {
    await assert.rejects(call("errors/later", {}), thrown("TypeError: Cannot access member 'member' of undefined"));
    assert.deepEqual(await stack("errors/later"), [
      "TypeError: Cannot access member 'member' of undefined",
      "    at inner (functions/errors/later.js:3:10)",
      "    at outer (functions/errors/later.js:7:16)",
      "    at exports (functions/errors/later.js:12:16)",
    ]);
    assert.equal(usher.logOf("errors/later").length, 1, "it is told once");
  });
});

test("real-apps 10.3: the same user on another device, and logged out", async () => {
  const app = usher.app("dialect");
  const { email } = await newUser(app, "twice");
  const again = await usher.app("dialect").logIn(credentials(email, PASSWORD));
  assert.equal(await again.functions["forms/arrow"](1, 2), 3);
  await again.logOut();
  const { status } = await callText(usher, { accessToken: "none" }, "forms/arrow", "[1,2]");
  assert.equal(status, 401);
});
