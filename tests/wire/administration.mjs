// What the tests of the admin API share: a host, those who administer it, and what its answers must look like.
import assert from "node:assert/strict";
import * as Realm from "realm-web";
import { run, start, temporary } from "./usher.mjs";

/** What encrypts secrets. */
export const KEY = JSON.parse(run("--json", "secrets", "new-key").stdout).key;
export const SECRET = "My_very_confidential_secretttttt";

export let usher;
export let first;

// Each host that a test starts ends with the process.
process.setMaxListeners(50);

/** Starts a host with an encryption key, whose first administrator is the one to be. */
export async function begin() {
  usher = await start(["--json", "serve"], { USHER_ENCRYPTION_KEY: KEY });
  const printed = usher.log.split("\n").filter((line) => line.includes("admin_key"));
  assert.equal(printed.length, 1, usher.log);
  first = JSON.parse(printed[0]).admin_key;
}

/** A command of the operator, beside the host that runs. */
export function operator(...args) {
  const { status, stdout, stderr } = run("--json", ...args, "--mongodb", usher.mongodb, "--data", temporary("operator"));
  assert.equal(status, 0, stdout + stderr);
  return JSON.parse(stdout);
}

/** One request: `{status, headers, text, json}`. */
export async function send(method, path, { token, body } = {}) {
  const response = await fetch(`${usher.url}/api/admin/v3.0${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, get json() { return JSON.parse(text); } };
}

/** The importer takes an answer for JSON only where the header says exactly this. */
export function assertJson(reply, status) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.headers.get("content-type"), "application/json");
  return reply.json;
}

export function assertEmpty(reply, status = 204) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.text, "");
  assert.equal(reply.headers.get("content-type"), null);
}

export function assertError(reply, status, code, error) {
  const body = assertJson(reply, status);
  assert.equal(body.error_code, code, reply.text);
  if (error instanceof RegExp) assert.match(body.error, error);
  else assert.equal(body.error, error);
  assert.match(body.link, /\/groups\/[0-9a-f]{24}\/apps\/[^/]+\/logs\?co_id=[0-9a-f]{24}$/);
}

/** An administrator who is logged in, and paths in their group. */
export async function admin(key = first) {
  const credentials = { username: key.public, apiKey: key.private };
  const session = assertJson(await send("POST", "/auth/providers/mongodb-cloud/login", { body: credentials }), 200);
  const token = session.access_token;
  const profile = assertJson(await send("GET", "/auth/profile", { token }), 200);
  const groups = [...new Set(profile.roles.map((role) => role.group_id))];
  assert.equal(groups.length, 1);
  const apps = `/groups/${groups[0]}/apps`;
  return {
    session,
    token,
    profile,
    apps,
    send: (method, path, body) => send(method, apps + path, { token, body }),
    async create(name) {
      const app = assertJson(await send("POST", apps, { token, body: { name } }), 201);
      return { ...app, path: `/${app._id}` };
    },
  };
}

export const realm = (app) => new Realm.App({ id: app.client_app_id, baseUrl: usher.url });
export const anonymous = (app) => realm(app).logIn(Realm.Credentials.anonymous(false));

/** Adds what an app needs for somebody to log in and call a function. */
export async function withFunction(owner, app, source) {
  assertJson(await owner.send("POST", `${app.path}/functions`, { name: "answer", private: false, source }), 201);
  assertJson(await owner.send("POST", `${app.path}/auth_providers`, { type: "anon-user" }), 201);
}
