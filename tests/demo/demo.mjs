// The demo: what custom user data is for, seen from an unmodified realm-web client.
//
//   node demo.mjs URL APP_ID
//
// The environment names the command `usher` (USHER), the app's directory (USHER_APP) and the host's data directory
// (USHER_DATA) for the steps that look from the operator's side. Ends with status 1 when anything is not as it
// should be.

import * as Realm from "realm-web";

import { usher } from "./operator.mjs";
import { did, holds, refused, saw, shows, step } from "./tell.mjs";

const [url, id] = process.argv.slice(2);
const password = "correct horse";

/** A client of somebody's own. Only `baseUrl` tells it from one of App Services. */
function client() {
  return new Realm.App({ id, baseUrl: url });
}

const { emailPassword } = Realm.Credentials;

async function main() {
  console.log(`Driving ${url} with realm-web 2.0.1, unmodified, on Node ${process.version}.`);
  const ada = await firstLogin();
  await changes(ada);
  await limitsOfAFunction(ada);
  await aRefusedUser();
  await deletion(ada);
  console.log("\nEverything was as it should be.");
}

async function firstLogin() {
  const app = client();
  step("Ada registers");
  did('await app.emailPasswordAuth.registerUser({ email: "ada@example.com", password })');
  await app.emailPasswordAuth.registerUser({ email: "ada@example.com", password });
  const before = await usher("users", "list");
  holds(before.length === 0, "there is a registration, but no user yet");

  step("She logs in for the first time");
  did("const ada = await app.logIn(Realm.Credentials.emailPassword(…))");
  const ada = await app.logIn(emailPassword("ada@example.com", password));
  saw("The WASM function on_user_creation ran, in the transaction that made her account.");
  did("ada.customData");
  shows(ada.customData);
  holds(ada.customData.user_id === ada.id, "the first token already carries the custom data that it made");
  return { app, user: ada };
}

async function changes({ app, user: ada }) {
  step("She changes her custom data by calling a function");
  did('await ada.functions.set_custom_data({ nickname: "Countess", age: 36 })');
  await ada.functions.set_custom_data({ nickname: "Countess", age: 36 });
  did("ada.customData.nickname");
  shows(ada.customData.nickname);
  holds(ada.customData.nickname === null, "the token is a snapshot: what it carries is as it was at login");
  did("await ada.refreshCustomData()");
  shows(await ada.refreshCustomData());
  holds(ada.customData.nickname === "Countess", "fresh after a refresh");

  step("A change that the function does not accept");
  did("await ada.functions.set_custom_data({ shoe_size: 38 })");
  const error = await refused(() => ada.functions.set_custom_data({ shoe_size: 38 }));
  holds(error.statusCode === 400 && error.error.includes("shoe_size"), "refused with the function's own words");

  step("She logs out and in again");
  did("await ada.logOut(); await app.logIn(…)");
  await ada.logOut();
  const again = await app.logIn(emailPassword("ada@example.com", password));
  holds(again.id === ada.id && again.customData.nickname === "Countess", "the same user with the same custom data");
}

async function limitsOfAFunction({ user: ada }) {
  const app = client();
  step("Grace registers too, and reaches only what is hers");
  await app.emailPasswordAuth.registerUser({ email: "grace@example.com", password });
  const grace = await app.logIn(emailPassword("grace@example.com", password));
  did("await grace.functions.get_custom_data()");
  const hers = await grace.functions.get_custom_data();
  shows(hers);
  holds(hers.user_id === grace.id, "the function asks for any document of the collection; its grant reaches one");
  did("await grace.functions.set_custom_data({ user_id: ada.id })");
  await refused(() => grace.functions.set_custom_data({ user_id: ada.id }));
  did('await grace.functions.on_user_creation({ id: "someone" })');
  const hidden = await refused(() => grace.functions.on_user_creation({ id: "someone" }));
  holds(hidden.errorCode === "FunctionNotFound", "for a client a private function does not exist");

  step("She deletes her custom data");
  did("await grace.functions.delete_custom_data()");
  await grace.functions.delete_custom_data();
  holds((await grace.functions.get_custom_data()) === null, "hers is gone");
  shows(await grace.refreshCustomData());
  holds(Object.keys(grace.customData).length === 0, "and her next token carries none");
  holds((await usher("custom-data", "get", ada.id)).nickname === "Countess", "Ada's is untouched");
}

async function aRefusedUser() {
  const app = client();
  step("A creation function can refuse a user");
  await app.emailPasswordAuth.registerUser({ email: "eve@blocked.example", password });
  did('await app.logIn(Realm.Credentials.emailPassword("eve@blocked.example", …))');
  const error = await refused(() => app.logIn(emailPassword("eve@blocked.example", password)));
  holds(error.statusCode === 401 && error.errorCode === "AuthError", "the login failed with the function's message");
  const emails = (await usher("users", "list")).map((user) => user.email);
  holds(!emails.includes("eve@blocked.example"), `nothing of her remains; the users are ${emails.sort().join(", ")}`);
}

async function deletion({ app, user: ada }) {
  step("Ada deletes her account");
  did("await app.deleteUser(app.currentUser)");
  await app.deleteUser(app.currentUser);
  const error = await refused(() => app.logIn(emailPassword("ada@example.com", password)));
  holds(error.errorCode === "InvalidPassword", "she cannot log in any more");
  const left = await usher("custom-data", "get", ada.id);
  holds(left.user_id === ada.id, "her custom data stays, as App Services has it, until somebody deletes it");

  const other = client();
  step("Joan has a function delete everything");
  await other.emailPasswordAuth.registerUser({ email: "joan@example.com", password });
  const joan = await other.logIn(emailPassword("joan@example.com", password));
  did("await joan.functions.delete_my_account_and_data()");
  await joan.functions.delete_my_account_and_data();
  const emails = (await usher("users", "list")).map((user) => user.email);
  holds(!emails.includes("joan@example.com"), "her account is gone");
  const answer = await usher("custom-data", "get", joan.id);
  holds(answer.error?.includes("no custom data"), `and so is her custom data: ${answer.error}`);
}

try {
  await main();
} catch (error) {
  console.error(`\nThe demo stopped: ${error.stack ?? error}`);
  process.exitCode = 1;
}
