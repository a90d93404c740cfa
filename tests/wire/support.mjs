// What the tests share: where Usher runs, plain HTTP, realm-web, and a look into the database.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MongoClient } from "mongodb";
import * as Realm from "realm-web";
import { PASSWORD, freshEmail } from "./realm.mjs";

export { PASSWORD, credentials, freshEmail, newUser, realmError } from "./realm.mjs";

const required = (name, meaning) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: ${meaning}`);
  return value;
};

/** The base URL of the running Usher, without a slash at its end. */
export const base = required("USHER_URL", "the base URL of a running Usher").replace(/\/+$/, "");
/** The client app id of the sample app (functions/sample). */
export const appId = required("USHER_APP", "the client app id of the sample app");
export const client = "/api/client/v2.0";
export const ofApp = `${client}/app/${appId}`;
export const userpass = `${ofApp}/auth/providers/local-userpass`;

// ---- realm-web ----------------------------------------------------------------------------------------------------

export const newApp = (options = {}) => new Realm.App({ id: appId, baseUrl: base, ...options });

// ---- plain HTTP ---------------------------------------------------------------------------------------------------

/** One request. `body` may be text, or anything else, which is sent as JSON. */
export async function http(method, path, { token, body, headers = {} } = {}) {
  const json = body !== undefined && typeof body !== "string";
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: json ? JSON.stringify(body) : body,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}

export async function register(email, password = PASSWORD) {
  const reply = await http("POST", `${userpass}/register`, { body: { email, password } });
  assert.equal(reply.status, 201, reply.text);
}

export async function login(email, password = PASSWORD) {
  const reply = await http("POST", `${userpass}/login`, { body: { username: email, password } });
  assert.equal(reply.status, 200, reply.text);
  return reply.json;
}

/** Registers and logs in over plain HTTP: `{email, access_token, refresh_token, user_id, device_id}`. */
export async function newSession(name) {
  const email = freshEmail(name);
  await register(email);
  return { email, ...(await login(email)) };
}

/** Calls a function with arguments given as the text of a JSON array. */
export const callText = (token, name, args) =>
  http("POST", `${ofApp}/functions/call`, { token, body: `{"name":${JSON.stringify(name)},"arguments":${args}}` });

/** The claims of a token, which is not verified. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));

// ---- what every answer must look like -------------------------------------------------------------------------------

export const requestId = (reply) => {
  const id = reply.headers.get("x-appservices-request-id");
  assert.match(id ?? "", /^[0-9a-f]{24}$/);
  return id;
};

export function assertJson(reply, status) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.headers.get("content-type"), "application/json");
  requestId(reply);
}

export function assertEmpty(reply, status) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.text, "");
  assert.equal(reply.headers.get("content-type"), null);
  requestId(reply);
}

/** An error body in full: text, code, link and request id; `code` null means that there is none. */
export function assertError(reply, status, code, error, app = appId) {
  assertJson(reply, status);
  const body = reply.json;
  assert.deepEqual(Object.keys(body), code === null ? ["error", "link"] : ["error", "error_code", "link"]);
  assert.equal(body.error_code, code ?? undefined, reply.text);
  if (error instanceof RegExp) assert.match(body.error, error);
  else assert.equal(body.error, error);
  const [before, after] = body.link.split("/groups/");
  assert.equal(before, base);
  assert.match(after, /^[0-9a-f]{24}\/apps\/[^/]+\/logs\?co_id=[0-9a-f]{24}$/);
  assert.equal(after.slice(25), `apps/${app}/logs?co_id=${requestId(reply)}`);
}

// ---- the database -------------------------------------------------------------------------------------------------

const sample = new URL("../../functions/sample/", import.meta.url);
const config = JSON.parse(readFileSync(new URL("auth/custom_user_data.json", sample), "utf8"));

/** Runs `look` with the custom-data collection, as an operator would see it, and closes the connection. */
export async function inDatabase(look) {
  const uri = required("USHER_MONGODB", "the URI of the database that Usher uses, to look into it");
  const mongo = await MongoClient.connect(uri, { directConnection: true });
  try {
    return await look(mongo.db(config.database_name).collection(config.collection_name));
  } finally {
    await mongo.close();
  }
}
