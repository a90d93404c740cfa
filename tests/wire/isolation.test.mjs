// A function called by one user never sees another user's document.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { inDatabase, newApp, newUser, realmError } from "./support.mjs";

let ann, bob;

const documentOf = (user) => inDatabase((data) => data.findOne({ user_id: user.id }));

before(async () => {
  const app = newApp();
  ann = (await newUser(app, "ann")).user;
  bob = (await newUser(app, "bob")).user;
  await bob.functions.set_custom_data({ nickname: "Bob", age: 50 });
});

test("each reads their own document", async () => {
  assert.equal((await ann.functions.get_custom_data()).user_id, ann.id);
  assert.equal((await bob.functions.get_custom_data()).user_id, bob.id);
});

test("each changes their own document", async () => {
  const untouched = await documentOf(bob);
  await ann.functions.set_custom_data({ nickname: "Ann" });
  assert.equal((await documentOf(ann)).nickname, "Ann");
  assert.deepEqual(await documentOf(bob), untouched);
});

test("nobody becomes somebody else", async () => {
  await assert.rejects(
    ann.functions.set_custom_data({ user_id: bob.id }),
    realmError(400, "FunctionExecutionError", /unknown field 'user_id'/),
  );
  assert.equal((await documentOf(ann)).user_id, ann.id);
});

test("many calls at once do not mix users up", async () => {
  const calls = Array.from({ length: 60 }, (_, index) => (index % 2 ? ann : bob));
  const documents = await Promise.all(calls.map((user) => user.functions.get_custom_data()));
  assert.deepEqual(documents.map((one) => one.user_id), calls.map((user) => user.id));
});

test("each deletes their own document", async () => {
  const untouched = await documentOf(bob);
  assert.equal(await ann.functions.delete_custom_data(), true);
  assert.equal(await documentOf(ann), null);
  assert.deepEqual(await documentOf(bob), untouched);
  assert.equal(await ann.functions.get_custom_data(), null, "and Bob's does not take its place");
  await assert.rejects(
    ann.functions.set_custom_data({ nickname: "back" }),
    realmError(400, "FunctionExecutionError", "there is no custom data to change"),
  );
  assert.deepEqual(await documentOf(bob), untouched);
});
