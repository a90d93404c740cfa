// What every test of realm-web needs, wherever Usher runs.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as Realm from "realm-web";

export const PASSWORD = "correct horse";
export const freshEmail = (name = "user") => `${name}-${randomUUID()}@example.org`;

export const credentials = (email, password = PASSWORD) => Realm.Credentials.emailPassword(email, password);

/** Registers and logs in a new e-mail/password user. */
export async function newUser(app, name = "user") {
  const email = freshEmail(name);
  return { email, user: await register(app, email) };
}

/** Registers and logs in the user with this address. */
export async function register(app, email) {
  await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
  return app.logIn(credentials(email));
}

/** What `assert.rejects` needs to check an error of realm-web in full. */
export const realmError = (statusCode, errorCode, error) => (actual) => {
  assert.equal(actual.constructor.name, "MongoDBRealmError", String(actual));
  assert.deepEqual(
    { statusCode: actual.statusCode, errorCode: actual.errorCode },
    { statusCode, errorCode },
    actual.message,
  );
  if (error instanceof RegExp) assert.match(actual.error, error);
  else assert.equal(actual.error, error);
  assert.match(actual.link, /logs\?co_id=[0-9a-f]{24}$/);
  return true;
};

/** The error of a function that threw. */
export const thrown = (error) => realmError(400, "FunctionExecutionError", error);
