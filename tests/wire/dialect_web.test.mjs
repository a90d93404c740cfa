// HTTP from functions, operations that overlap, and `require`.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { callText, caller, dialect } from "./dialect.mjs";
import { thrown } from "./realm.mjs";
import { copyOf, run, start } from "./usher.mjs";

/** A server on a free port; `handle(request, body, response)`. */
async function serve(handle) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    await handle(request, body, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}

const marks = [];
const routes = {
  "/echo": ({ method, url, headers }, body, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ method, url, headers, body }));
  },
  "/redirect": (_, __, response) => response.writeHead(302, { Location: "/echo" }).end(),
  "/cookies": ({ headers }, _, response) =>
    response.setHeader("Set-Cookie", [`got=${headers.cookie}; Path=/`, "two=2"]).end(),
  "/bytes": (_, __, response) => response.end(Buffer.from([0, 255, 1])),
  "/mark": (_, body, response) => {
    marks.push(body);
    response.end();
  },
};

let server, stranger, usher, user, call;

before(async () => {
  server = await serve((request, body, response) => {
    const path = request.url.split("?")[0];
    const status = /^\/status\/(\d+)$/.exec(path);
    if (status) return response.writeHead(Number(status[1])).end("a body");
    if (path.startsWith("/together/")) return together(path, response);
    if (path === "/when-inserted") return whenInserted(response);
    return routes[path](request, body, response);
  });
  stranger = await serve((_, __, response) => response.end("not for you"));
  usher = await dialect({ http: [server.origin] });
  ({ user, call } = await caller(usher));
});
after(async () => {
  await usher?.stop();
  await Promise.all([server?.close(), stranger?.close()]);
});

// ---- overlap: answers that come only once several requests are there at the same time ---------------------------------

const waiting = new Map();
/** Answers `/together/<number>/<name>` when that number of requests with different names are waiting. */
function together(path, response) {
  const [, , number, name] = path.split("/");
  waiting.set(name, response);
  if (waiting.size < Number(number)) return;
  for (const [each, held] of waiting) held.end(each);
  waiting.clear();
}
/** Answers once the function's own insert can be seen in the database. */
async function whenInserted(response) {
  await usher.inDatabase(async (mongo) => {
    const overlap = mongo.db("shop").collection("overlap");
    while (!(await overlap.findOne({ _id: "seen by the server" })) && !response.destroyed) continue;
  });
  response.end("I saw it");
}

describe("overlap", () => {
  test("Promise.all of requests sends them all before any is answered", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert.deepEqual(await call("web/together", names.map((name) => `${server.origin}/together/8/${name}`)), names);
  });
  test("an operation of the database and a request", async () => {
    assert.deepEqual(await call("data/overlap", `${server.origin}/when-inserted`), {
      body: "I saw it", insertedId: "seen by the server",
    });
  });
  test("two operations of the database", async () => {
    await usher.inDatabase(async (mongo) => {
      const overlap = mongo.db("shop").collection("overlap");
      await overlap.insertOne({ _id: "locked" });
      const session = mongo.startSession();
      session.startTransaction();
      // From here on nobody else can write this document.
      await overlap.updateOne({ _id: "locked" }, { $set: { mine: false } }, { session });
      const answer = call("data/locked");
      const settled = answer.then(() => true, () => true);
      const seen = async () => {
        while (!(await overlap.findOne({ _id: "not locked" }))) continue;
      };
      const early = await Promise.race([settled, seen()]);
      assert.notEqual(early, true, "the call waits for the lock, and its other operation is done");
      await session.abortTransaction();
      await session.endSession();
      assert.deepEqual(await answer, { modified: 1, insertedId: "not locked" });
    });
  });
});

describe("real-apps 10.15: context.http", () => {
  const request = (name) => call("web/request", server.origin, name);

  test("get: status, headers, body", async () => {
    const { status, statusCode, contentLength, headers, body, json, cookies } = await request("get");
    assert.deepEqual({ status, statusCode, cookies }, { status: "200 OK", statusCode: 200, cookies: {} });
    assert.deepEqual(headers["Content-Type"], ["application/json"]);
    assert.equal(contentLength, body.length);
    assert.equal(json.url, "/echo?a=1");
    assert.equal(json.headers["x-one"], "1, 2");
  });
  test("post with encodeBodyAsJSON", async () => {
    const { method, headers, body } = await request("post");
    assert.deepEqual([method, headers["content-type"], JSON.parse(body)], ["POST", "application/json", { a: 1, id: "x" }]);
  });
  test("put with a text", async () => {
    const { method, body } = await request("text");
    assert.deepEqual([method, body], ["PUT", "plain text"]);
  });
  test("post with a form", async () => {
    const { headers, body } = await request("form");
    assert.deepEqual([headers["content-type"], body], ["application/x-www-form-urlencoded", "a=1+2&b=%26"]);
  });
  test("scheme, host, path and query", async () => assert.match((await request("parts")).url, /^\/echo\?q=x(\+|%20)y$/));
  test("patch, delete and head", async () => {
    assert.equal((await request("patch")).method, "PATCH");
    assert.equal(await request("delete"), 204);
    assert.equal(await request("head"), 200);
  });
  test("a status of 404 is an answer", async () => {
    assert.deepEqual(await request("missing"), { status: "404 Not Found", statusCode: 404, body: "a body" });
  });
  test("redirects are followed on demand", async () => {
    assert.equal(await request("redirect"), 302);
    assert.equal(await request("redirectFollowed"), 200);
  });
  test("cookies", async () => assert.deepEqual(await request("cookies"), { got: "sent=yes", two: "2" }));
  test("as the service http", async () => assert.equal(await request("service"), 200));
  test("as a service of HTTP that the app names", async () => assert.equal(await request("namedService"), 200));
  test("bytes", async () => {
    const { text } = await callText(usher, user, "web/request", JSON.stringify([server.origin, "binary"]));
    assert.equal(text, '{"$binary":{"base64":"AP8B","subType":"00"}}');
  });
  test("fetch", async () => {
    assert.deepEqual(await request("fetch"), {
      ok: true, status: 200, type: "application/json", method: "POST", one: "1", body: '{"a":1}',
    });
  });
  test("a request that nobody awaits is sent", async () => {
    assert.equal(await request("unsent"), "sent");
    assert.deepEqual(marks, ["not awaited"]);
  });
  test("an origin that is not granted is refused, and the error names it", async () => {
    const message = new RegExp(`^GrantNotFound: .*${stranger.origin.replace(/[.]/g, "\\.")}`);
    await assert.rejects(call("web/request", stranger.origin), thrown(message));
    const { message: caught, code } = await call("web/caught", stranger.origin);
    assert.equal(code, "GrantNotFound");
    assert.match(caught, /usher\.json/);
  });
  test("a host that does not answer", async () => {
    const gone = await serve(() => {});
    await gone.close();
    const { code } = await call("web/caught", gone.origin);
    assert.equal(code, "GrantNotFound", "what is not granted is not even tried");
    const { code: malformed } = await call("web/caught", "http://");
    assert.notEqual(malformed, "GrantNotFound");
  });
});

describe("real-apps 10.15: require", () => {
  test("local files and JSON; a module's state is that of the call", async () => {
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await call("lib/required", "Ada"), {
        greeting: "Hello, ADA (1)", again: "Hello, ADA (2)", words: { one: 1, list: ["a", "b"] },
        place: { file: "functions/lib/greet.js", directory: "functions/lib" },
      });
    }
  });
  test("built-in modules of Node", async () => {
    const { crypto, ...rest } = await call("lib/builtins");
    assert.deepEqual(rest, {
      buffer: { same: true, base64: "aMOpbGxv", hex: "0102ff", number: 258 },
      util: { format: "it is 5", promisified: 8 },
      url: { host: "example.com:8080", path: "/c", search: "a=1+2&b=%26" },
      querystring: { text: "a=1&a=2&b=x%20y", parsed: { a: ["1", "2"], b: "x y" } },
      assert: "ERR_ASSERTION",
      events: ["one"],
      path: { join: "/b/c.txt", ext: ".txt" },
      stream: "AB",
    });
    const { createCipheriv, createHash, createHmac, pbkdf2Sync } = await import("node:crypto");
    const key = pbkdf2Sync("password", "salt", 1000, 32, "sha256");
    const cipher = createCipheriv("aes-256-cbc", key, Buffer.alloc(16));
    assert.deepEqual(crypto, {
      sha256: createHash("sha256").update("a").digest("hex"),
      hmac: createHmac("sha1", "key").update("ab").digest("base64"),
      pbkdf2: key.toString("hex"),
      sealed: cipher.update("bonjour", "utf8", "hex") + cipher.final("hex"),
      opened: "bonjour", random: 8, equal: true,
    });
  });
  test("a module whose name is known in the call only", async () => {
    assert.deepEqual(await call("lib/unknown", "left-pad"), {
      code: "MODULE_NOT_FOUND", message: "Cannot find module 'left-pad'",
    });
  });
});

/** The app score-keeper with other sources and packages. */
function withFunction(source, packages) {
  const directory = copyOf("tests/apps/score-keeper");
  writeFileSync(join(directory, "functions/sum/source.js"), source);
  if (packages) writeFileSync(join(directory, "functions/package.json"), JSON.stringify({ dependencies: packages }));
  const { status, stderr } = run("import", directory);
  assert.equal(status, 0, stderr);
  return directory;
}

describe("real-apps 10.15: packages of npm", () => {
  test("axios from functions/package.json, under the grants of the app", async () => {
    const directory = withFunction(
      `const axios = require("axios");
      exports = async (origin, other) => {
        const { data, status } = await axios.post(origin + "/echo?a=1", { hello: "there" }, { headers: { "X-One": "1" }, timeout: 50_000 });
        const missing = await axios.get(origin + "/status/404").catch((error) => error.response.status);
        const refused = await axios(other).catch((error) => error.message);
        const all = await Promise.all(["a", "b", "c"].map((name) => axios.get(origin + "/together/3/" + name)));
        return { status, method: data.method, url: data.url, one: data.headers["x-one"], body: data.body, missing, refused, all: all.map(({ data }) => data) };
      };`,
      { axios: "1.7.9" },
    );
    const file = join(directory, "usher.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), http: [server.origin] }));
    const other = await start(["serve", "--app", directory]);
    try {
      const { user: someone } = await caller({ app: () => other.app("score-keeper-zxcvb") });
      const { refused, ...answer } = await someone.functions.sum(server.origin, stranger.origin);
      assert.deepEqual(answer, {
        status: 200, method: "POST", url: "/echo?a=1", one: "1", body: '{"hello":"there"}', missing: 404, all: ["a", "b", "c"],
      });
      assert.match(refused, /not granted|Network Error|GrantNotFound/);
    } finally {
      await other.stop();
    }
  });

  const broken = {
    "a module that needs processes": ['const { exec } = require("child_process");\nexports = () => exec("ls");', /child_process/, 1],
    "a module that is not there": ['exports = () => {\n  return require("left-pad");\n};', /left-pad/, 2],
    "a file that is not there": ['exports = () => require("./nowhere");', /nowhere/, 1],
  };
  for (const [title, [source, name, line]] of Object.entries(broken)) {
    test(`${title} is refused at deploy, by name, file and line`, async () => {
      const directory = withFunction(source);
      await assert.rejects(start(["serve", "--app", directory]), (error) => {
        assert.match(error.message, name);
        assert.match(error.message, new RegExp(`functions/sum/source\\.js:${line}:`));
        return true;
      });
    });
  }
  test("a package that is listed and cannot work is refused by name", async () => {
    const directory = withFunction('const addon = require("addon");\nexports = () => addon.run();');
    const home = join(directory, "functions/node_modules/addon");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "addon", version: "1.0.0", main: "index.js" }));
    writeFileSync(join(home, "index.js"), 'const workers = require("worker_threads");\nexports.run = () => new workers.Worker("x");\n');
    await assert.rejects(start(["serve", "--app", directory]), (error) => {
      assert.match(error.message, /worker_threads/);
      assert.match(error.message, /addon/);
      return true;
    });
  });
});
