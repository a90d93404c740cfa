// Every BSON type in canonical Extended JSON, through the function `echo` and back, byte for byte.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { assertError, assertJson, callText, newSession } from "./support.mjs";

let token;

before(async () => {
  token = (await newSession("values")).access_token;
});

const values = {
  double: ['{"$numberDouble":"2.5"}', '{"$numberDouble":"-1.0"}', '{"$numberDouble":"0.0"}', '{"$numberDouble":"-0.0"}'],
  "double that is no number": ['{"$numberDouble":"NaN"}', '{"$numberDouble":"Infinity"}', '{"$numberDouble":"-Infinity"}'],
  string: ['""', '"bonjour"', '"Zoë 🦉"', '"\\u0000 \\" \\\\ \\n"'],
  document: ["{}", '{"a":{"b":{}}}', '{"z":true,"a":false,"m":null}', '{"":"","a.b":"dotted","$c":"dollar"}'],
  array: ["[]", '[[],[{"$numberInt":"1"}],null]'],
  binary: [
    '{"$binary":{"base64":"","subType":"00"}}',
    '{"$binary":{"base64":"AQIDBA==","subType":"00"}}',
    '{"$binary":{"base64":"c//SZESzTGmQ6OfR38A11A==","subType":"04"}}',
    '{"$binary":{"base64":"AQID","subType":"80"}}',
  ],
  undefined: ['{"$undefined":true}'],
  "object id": ['{"$oid":"56e1fc72e0c917e9c4714161"}'],
  boolean: ["true", "false"],
  date: ['{"$date":{"$numberLong":"0"}}', '{"$date":{"$numberLong":"1770091506789"}}', '{"$date":{"$numberLong":"-62135596800001"}}'],
  null: ["null"],
  "regular expression": ['{"$regularExpression":{"pattern":"^a\\\\.b/$","options":"im"}}', '{"$regularExpression":{"pattern":"","options":""}}'],
  "database pointer": ['{"$dbPointer":{"$ref":"db.things","$id":{"$oid":"56e1fc72e0c917e9c4714161"}}}'],
  "database reference": ['{"$ref":"things","$id":{"$oid":"56e1fc72e0c917e9c4714161"},"$db":"shop"}'],
  code: ['{"$code":"function () { return 1; }"}'],
  "code with scope": ['{"$code":"x","$scope":{"x":{"$numberInt":"1"}}}'],
  symbol: ['{"$symbol":"sym"}'],
  "32-bit integer": ['{"$numberInt":"0"}', '{"$numberInt":"2147483647"}', '{"$numberInt":"-2147483648"}'],
  "64-bit integer": ['{"$numberLong":"1"}', '{"$numberLong":"9223372036854775807"}', '{"$numberLong":"-9223372036854775808"}'],
  timestamp: ['{"$timestamp":{"t":123456789,"i":42}}', '{"$timestamp":{"t":4294967295,"i":4294967295}}'],
  decimal: ['{"$numberDecimal":"1.50"}', '{"$numberDecimal":"-1E+6111"}', '{"$numberDecimal":"NaN"}', '{"$numberDecimal":"Infinity"}'],
  "least and greatest key": ['{"$minKey":1}', '{"$maxKey":1}'],
};

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
