// The log of an app (reference 7.5): entries of calls and logins, by the command that shows them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import * as Realm from "realm-web";
import { PASSWORD, credentials, freshEmail } from "./realm.mjs";
import { copyOf, eventually, program, run, start } from "./usher.mjs";

let usher, directory, app, user, email;

const target = () => ["--app", directory, "--mongodb", usher.mongodb];

/** What `usher logs` prints, once it prints an entry like this: entries are written a moment after the answer. */
function logs(options, expected) {
  return eventually(() => {
    const { status, stdout, stderr } = run("logs", "--json", ...options, ...target());
    assert.equal(status, 0, stderr);
    const entries = stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
    return entries.some(expected) && entries;
  });
}

before(async () => {
  directory = copyOf("tests/javascript/rules");
  usher = await start(["serve", "--app", directory]);
  app = usher.app("rules");
  email = freshEmail();
  await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
  user = await app.logIn(credentials(email));
});
after(() => usher?.stop());

test("a failure is an entry whose co_id is in the link and in the header", async () => {
  const response = await fetch(`${usher.url}/api/client/v2.0/app/rules/functions/call`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify({ name: "fails", arguments: ["on purpose"] }),
  });
  const id = response.headers.get("x-appservices-request-id");
  assert.match((await response.json()).link, new RegExp(`co_id=${id}$`));
  const [entry, ...others] = await logs(["--id", id], (one) => one.co_id === id);
  assert.deepEqual(others, []);
  assert.equal(entry.type, "FUNCTION");
  assert.equal(entry.function_name, "fails");
  assert.equal(entry.user_id, user.id);
  assert.equal(entry.error_code, "FunctionExecutionError");
  assert.match(entry.error, /on purpose/);
  const [line, stack] = entry.messages;
  assert.deepEqual(line, { level: "warn", text: "about to fail" });
  assert.match(stack.text, /^Error: on purpose\n    at exports \(functions\/fails\.js:3/);
  assert.ok(Date.parse(entry.started) <= Date.parse(entry.completed));
});

test("every line is kept, far more than 25", async () => {
  await user.functions.chatty(60);
  const entries = await logs(["--function", "chatty"], (one) => one.messages.length > 0);
  const [{ messages }] = entries;
  assert.equal(messages.length, 61);
  assert.deepEqual(messages[59], { level: "info", text: "line 59" });
  assert.deepEqual(messages[60], { level: "error", text: "and an error" });
});

test("logins, good and bad, and never a password", async () => {
  const secret = `not-the-password-${Date.now()}`;
  await assert.rejects(app.logIn(credentials(email, secret)));
  const entries = await logs(["--type", "AUTH"], (one) => one.auth_event.failed);
  const events = entries.map(({ auth_event, error_code }) => ({ ...auth_event, error_code }));
  assert.deepEqual(events.at(-1), { type: "login", provider: "local-userpass", failed: true, error_code: "InvalidPassword" });
  assert.deepEqual(events.at(-2), { type: "login", provider: "local-userpass", failed: false, error_code: null });
  assert.equal(entries.at(-2).user_id, user.id);
  const kept = await usher.inDatabase((mongo) => mongo.db("usher").collection("logs").find().toArray());
  assert.ok(!JSON.stringify(kept).includes(secret) && !JSON.stringify(kept).includes(PASSWORD));
  assert.ok(kept.every((entry) => entry.expires_at > new Date(Date.now() + 9 * 86_400_000)));
});

test("a call that says nothing is left out, and what the rules forbid is kept", async () => {
  await user.functions.bigEnough(10);
  const notes = user.mongoClient("mongodb-atlas").db("main").collection("notes");
  await notes.find();
  await assert.rejects(notes.insertOne({ owner_id: "somebody" }));
  const entries = await logs([], (one) => one.type === "SERVICE_FUNCTION");
  assert.deepEqual(entries.filter((one) => one.function_name === "bigEnough"), []);
  const services = entries.filter((one) => one.type === "SERVICE_FUNCTION");
  assert.deepEqual(services.map((one) => [one.function_name, one.error_code]), [["insertOne", "NoMatchingRuleFound"]]);
});

test("failures only, one user only, the newest only", async () => {
  const other = await app.logIn(Realm.Credentials.anonymous(false));
  await other.functions.chatty(1);
  await logs(["--user", other.id], (one) => one.function_name === "chatty");
  const failures = await logs(["--errors"], () => true);
  assert.ok(failures.length > 0 && failures.every((one) => one.error));
  const theirs = await logs(["--user", email], () => true);
  assert.ok(theirs.length > 0 && theirs.every((one) => one.user_id === user.id));
  const [newest, ...rest] = await logs(["--limit", "1", "--user", other.id], () => true);
  assert.deepEqual([newest.function_name, rest], ["chatty", []]);
  const { status, stderr } = run("logs", "--type", "NONSENSE", ...target());
  assert.equal(status, 1);
  assert.match(stderr, /there is no type NONSENSE: choose from AUTH,/);
});

test("an endless name in a request does not keep others from the log", async () => {
  const call = (body) => fetch(`${usher.url}/api/client/v2.0/app/rules/functions/call`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify(body),
  });
  const argument = { database: "main", collection: "open" };
  const replies = await Promise.all([
    call({ name: "x".repeat(17_000_000), service: "mongodb-atlas", arguments: [argument] }),
    call({ name: "fails", arguments: ["beside it"] }),
  ]);
  const ids = replies.map((reply) => reply.headers.get("x-appservices-request-id"));
  await Promise.all(replies.map((reply) => reply.text()));
  const [long] = await logs(["--id", ids[0]], (one) => one.co_id === ids[0]);
  assert.equal(long.function_name.length, 8_192);
  assert.ok(long.error.length <= 8_192);
  await logs(["--id", ids[1]], (one) => one.error.includes("beside it"));
});

test("an entry says what its functions used, and how much of it", async () => {
  await user.functions.chatty(2);
  const [entry] = (await logs(["--function", "chatty"], () => true)).slice(-1);
  assert.ok(Number.isInteger(entry.mem_time_usage) && entry.mem_time_usage > 0, JSON.stringify(entry));
});

test("--follow shows what comes later, also after the database was killed and has started again", { timeout: 300_000 }, async () => {
  const child = spawn(program, ["logs", "--json", "--follow", "--function", "fails", ...target()], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((_, reject) => child.once("exit", (code) => reject(new Error(`usher logs ended with ${code}`))));
  ended.catch(() => {});
  const errors = [];
  createInterface({ input: child.stdout }).on("line", (line) => errors.push(JSON.parse(line).error));
  /** Calls until the follower has shown a call like this: what a call says while there is no database may get lost. */
  const shown = async (text) => {
    while (!errors.some((error) => error.includes(text))) {
      await user.functions.fails(text).catch(() => {});
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
  };
  try {
    await shown("later");
    assert.ok(errors[0].includes("on purpose"), "what was there comes first");
    process.kill(JSON.parse(readFileSync(join(usher.data, "database.json"), "utf8")).pid, "SIGKILL");
    await usher.logged(({ log }) => log.includes("the embedded database died"));
    await shown("after the restart");
  } finally {
    child.kill("SIGTERM");
  }
});
