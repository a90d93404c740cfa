// Every BSON type in canonical Extended JSON, through the function `echo` and back, byte for byte.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { assertError, assertJson, callText, newSession } from "./support.mjs";
import { values } from "./values.mjs";

let token;

before(async () => {
  token = (await newSession("values")).access_token;
});

for (const [type, texts] of Object.entries(values)) {
  test(`${type}: alone, in a document and in an array`, async () => {
    for (const text of texts) {
      for (const [sent, name] of [[text, "alone"], [`{"value":${text}}`, "in a document"], [`[${text},${text}]`, "in an array"]]) {
        const reply = await callText(token, "echo", `[${sent}]`);
        assertJson(reply, 200);
        assert.equal(reply.text, sent, name);
      }
    }
  });
}

test("several arguments come back in order", async () => {
  const args = `[${Object.values(values).flat().join(",")}]`;
  const reply = await callText(token, "echo", args);
  assertJson(reply, 200);
  assert.equal(reply.text, args);
});

test("relaxed Extended JSON is understood and answered in canonical form", async () => {
  const pairs = [
    ["1", '{"$numberInt":"1"}'],
    ["2147483648", '{"$numberLong":"2147483648"}'],
    ["2.5", '{"$numberDouble":"2.5"}'],
    ['{"$date":"2026-02-03T04:05:06.789Z"}', '{"$date":{"$numberLong":"1770091506789"}}'],
    ['{"$uuid":"73ffd264-44b3-4c69-90e8-e7d1dfc035d4"}', '{"$binary":{"base64":"c//SZESzTGmQ6OfR38A11A==","subType":"04"}}'],
  ];
  for (const [relaxed, canonical] of pairs) {
    assert.equal((await callText(token, "echo", `[${relaxed}]`)).text, canonical);
  }
});

test("a double of any size keeps its value", async () => {
  for (const number of [5e-324, 2.2250738585072014e-308, 1e-7, 0.1, 123456789012345680000, 1.7976931348623157e308]) {
    const reply = await callText(token, "echo", `[{"$numberDouble":"${number}"}]`);
    assertJson(reply, 200);
    assert.equal(Number(reply.json.$numberDouble), number, reply.text);
  }
});

test("a value that is not Extended JSON is refused with its place", async () => {
  const malformed = [
    '{"$oid":"xyz"}', '{"$oid":{"$gt":""}}', '{"$numberInt":"2147483648"}', '{"$numberInt":1}', '{"$numberLong":"1.5"}',
    '{"$date":"yesterday"}', '{"$binary":{"base64":"*","subType":"00"}}', '{"$timestamp":{"t":-1,"i":0}}',
    '{"$numberInt":"1","extra":true}', '{"$undefined":false}', '{"a":{"b":[{"$oid":""}]}}',
  ];
  for (const text of malformed) {
    assertError(await callText(token, "echo", `[null,${text}]`), 400, "InvalidParameter", /^arguments\[1\]: /);
  }
});

test("nesting is bounded, and the bound does not hurt", async () => {
  const nested = (depth) => `[${"[".repeat(depth)}${"]".repeat(depth)}]`;
  const deep = nested(90);
  assert.equal((await callText(token, "echo", deep)).text, deep.slice(1, -1));
  assertError(await callText(token, "echo", nested(120)), 400, "InvalidParameter", /nested deeper/);
  assertError(await callText(token, "echo", nested(100_000)), 400, "BadRequest", /recursion limit/);
});
