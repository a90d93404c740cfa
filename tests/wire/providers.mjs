// The app tests/javascript/providers, running beside an issuer of its own.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENTS } from "./issuer.mjs";
import { copyOf, start } from "./usher.mjs";

export const SECRET = "the secret that signs custom tokens: 32+";
export const CLIENT = "/api/client/v2.0";

const environment = (pem) => ({
  USHER_SECRET_TOKENSECRET: SECRET,
  USHER_SECRET_PUBLICKEY: pem,
  USHER_SECRET_GOOGLESECRET: CLIENTS["google-client"],
  USHER_SECRET_APPLESECRET: CLIENTS["apple-client"],
  USHER_SECRET_FACEBOOKSECRET: CLIENTS["facebook-client"],
});

/** A copy of the app under another id, with its providers changed. */
export function variant(id, issuer, change = () => {}, root = {}) {
  const directory = copyOf("tests/javascript/providers");
  const edit = (file, change) => {
    const path = join(directory, file);
    const content = JSON.parse(readFileSync(path, "utf8"));
    change(content);
    writeFileSync(path, JSON.stringify(content));
  };
  edit("root_config.json", (config) => Object.assign(config, { app_id: id, name: id }, root));
  edit("auth/providers.json", change);
  writeFileSync(join(directory, "usher.json"), JSON.stringify({ oauth2: issuer.services }));
  return directory;
}

/** Starts Usher with variants of the app. */
export const serve = (issuer, ...directories) =>
  start(["serve", ...directories.flatMap((directory) => ["--app", directory])], environment(issuer.keys.pem));

/** A login over plain HTTP; `link` is the access token of the user to link to. */
export async function post(usher, app, provider, body, { link } = {}) {
  const path = `${CLIENT}/app/${app}/auth/providers/${provider}/login${link ? "?link=true" : ""}`;
  const response = await fetch(usher.url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(link ? { Authorization: `Bearer ${link}` } : {}) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

/** A refusal in full: status, code, text, and nothing else but the link. */
export function assertRefused(reply, status, code, error) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.headers.get("content-type"), "application/json");
  const { link, ...body } = reply.json;
  if (error instanceof RegExp) {
    assert.match(body.error, error);
    assert.deepEqual(body, { error: body.error, error_code: code });
  } else {
    assert.deepEqual(body, { error, error_code: code });
  }
  assert.match(link, /\/logs\?co_id=[0-9a-f]{24}$/);
}

/** How many documents there are that a login can leave behind. */
export const written = (usher) => usher.inDatabase(async (mongo) => {
  const { databases } = await mongo.db("admin").admin().listDatabases();
  const counts = {};
  for (const { name } of databases) {
    for (const collection of ["users", "identities", "sessions", "events"]) {
      const count = await mongo.db(name).collection(collection).countDocuments();
      if (count > 0) counts[`${name}.${collection}`] = count;
    }
  }
  return counts;
});
