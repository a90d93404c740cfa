// The app tests/javascript/dialect, running: what the tests of the dialect share.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Realm from "realm-web";
import { copyOf, start } from "./usher.mjs";

export const SECRET = "not to be seen";
const DATABASE = "shop";
const COLLECTIONS = ["items", "orders", "sums", "many", "notes", "accounts", "overlap"];

/** Starts the app with grants of its collections and of these origins. */
export async function dialect({ http = [], prepare = () => {} } = {}) {
  const directory = copyOf("tests/javascript/dialect");
  const grants = COLLECTIONS.map((collection) => ({ data_source: "mongodb-atlas", database: DATABASE, collection }));
  writeFileSync(join(directory, "usher.json"), JSON.stringify({ http, grants }));
  prepare(directory);
  return start(["serve", "--app", directory], { USHER_SECRET_DIALECTSECRET: SECRET });
}

/** A new anonymous user: `call(name, ...arguments)`. */
export async function caller(usher) {
  const user = await usher.app("dialect").logIn(Realm.Credentials.anonymous(false));
  return { user, call: (name, ...parts) => user.callFunction(name, ...parts) };
}

/** The text of the answer to a call, whose arguments are given as the text of a JSON array. */
export async function callText(usher, user, name, args) {
  const response = await fetch(`${usher.url}/api/client/v2.0/app/dialect/functions/call`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${user.accessToken}` },
    body: `{"name":${JSON.stringify(name)},"arguments":${args}}`,
  });
  return { status: response.status, text: await response.text() };
}
