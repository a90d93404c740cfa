// Every BSON type through JavaScript and back, byte for byte (reference 3.7).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callText, caller, dialect } from "./dialect.mjs";
import { values } from "./values.mjs";

let usher, user;

before(async () => {
  usher = await dialect();
  ({ user } = await caller(usher));
});
after(() => usher?.stop());

async function returned(name, args) {
  const { status, text } = await callText(usher, user, name, args);
  assert.equal(status, 200, text);
  return text;
}

const int = (value) => `{"$numberInt":"${value}"}`;
const long = (value) => `{"$numberLong":"${value}"}`;
const double = (value) => `{"$numberDouble":"${value}"}`;
const subtypes = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "80", "ff"];
const more = {
  "equal numbers of each kind, side by side": [
    `[${int(1)},${long(1)},${double("1.0")}]`, `[${double("1.0")},${long(1)},${int(1)}]`,
    `{"a":${int(7)},"b":${long(7)},"c":${double("7.0")},"d":[${long(7)},${int(7)},{"e":${double("7.0")}}]}`,
    `{"zero":[${int(0)},${long(0)},${double("0.0")},${double("-0.0")}]}`,
  ],
  "64-bit integers around 2^53": ["9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740991", "-9007199254740993"].map(long),
  "64-bit integers that fit 32 bits": ["0", "-1", "2147483647", "2147483648", "-2147483649"].map(long),
  "doubles that are whole": ["1.0", "-1.0", "2147483648.0", "9007199254740991.0", "-0.0"].map(double),
  "the smallest and largest doubles": ["5e-324", "1.7976931348623157e308"].map(double),
  "empty and short binaries of each subtype": subtypes.flatMap((subType) =>
    ["", "AQ=="].map((base64) => `{"$binary":{"base64":"${base64}","subType":"${subType}"}}`)),
  "decimals with their digits": ["0", "-0", "0.00", "1E+3", "9.999999999999999999999999999999999E+6144", "-Infinity"]
    .map((digits) => `{"$numberDecimal":"${digits}"}`),
  "names that mean something to JavaScript": [
    `{"__proto__":{"x":${int(1)}},"constructor":"c","prototype":null,"toString":"t","hasOwnProperty":false}`,
    `{"then":"now","toJSON":${int(1)},"toBSON":"b","_bsontype":"ObjectId","length":${int(3)},"valueOf":null}`,
  ],
  "code with a scope of every kind": [`{"$code":"f","$scope":{"a":{"$oid":"56e1fc72e0c917e9c4714161"},"n":${long(1)},"deep":{"d":${double("1.0")}}}}`],
  "texts of all planes": ['"\\u2028\\ud83e\\udd89\\uffff"', '"\\ufeffbom"'].map((text) => JSON.stringify(JSON.parse(text))),
};

for (const [where, name] of [["through a function", "identity"], ["through two instances", "context/echoSystem"]]) {
  describe(where, () => {
    for (const [type, texts] of Object.entries({ ...values, ...more })) {
      test(`${type}: alone, in a document, in an array, deep inside`, async () => {
        for (const text of texts) {
          const places = [text, `{"value":${text}}`, `[${text},${text}]`, `{"a":[{"b":[[${text}],{"c":${text},"d":${text}}]}]}`];
          for (const sent of places) {
            // As the whole argument a number is no field of anything.
            assert.equal(await returned(name, `[${sent}]`), sent);
          }
        }
      });
    }
  });
}

test("names that are numbers come back in the order of JavaScript", async () => {
  assert.equal(await returned("identity", '[{"b":"b","2":"two","1":"one","a":"a"}]'), '{"1":"one","2":"two","b":"b","a":"a"}');
});

test("several arguments come back in order", async () => {
  // A Long and a Double of one value are one number to JavaScript where no field or array remembers which is which: the
  // table has none.
  const args = `[${Object.values(values).flat().join(",")}]`;
  assert.equal(await returned("identity", args), args);
});

test("through MongoDB: what is stored and read keeps its type", async () => {
  // A name that begins with a dollar is an operator there.
  const storable = (value) => !value.includes('"$c":');
  for (const [type, texts] of Object.entries({ ...values, ...more })) {
    const sent = `{${texts.filter(storable).map((value, index) => `"v${index}":${value}`).join(",")}}`;
    assert.equal(await returned("data/store", `[${sent}]`), sent, type);
  }
});

test("arithmetic: two 32-bit integers give one, two 64-bit integers give one", async () => {
  assert.equal(await returned("add", `[${int(15)},${int(27)}]`), int(42));
  assert.equal(await returned("add", `[${long(15)},${long(27)}]`), long(42));
  assert.equal(await returned("add", `[${double("1.5")},${double("2.25")}]`), double("3.75"));
  assert.equal(await returned("add", `[${int(2147483647)},${int(1)}]`), long(2147483648));
  assert.equal(await returned("add", `["a",${int(1)}]`), '"a1"');
});

test("a 64-bit integer that fits is a number like any other", async () => {
  for (const one of [long(1), double("1.0"), int(1)]) {
    const answer = JSON.parse(await returned("globals/longs", `[${one}]`));
    const number = (name) => Object.values(answer[name])[0];
    const numbers = Object.fromEntries(["set", "index", "bits", "length"].map((name) => [name, number(name)]));
    assert.deepEqual({ ...answer, ...numbers }, {
      found: "one", same: true, type: "number", text: "1", json: '{"one":1}', whole: true, map: "a", set: "1", item: "b",
      property: "x", index: "1", sliced: "bc", repeated: "ab", bits: "1", length: "1", keys: ["1"], big: true, least: true,
      date: true,
    });
  }
});

test("nesting is bounded, and the bound does not hurt", async () => {
  const nested = (depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.equal(await returned("identity", `[${nested(90)}]`), nested(90));
  const objects = `${'{"a":'.repeat(90)}null${"}".repeat(90)}`;
  assert.equal(await returned("identity", `[${objects}]`), objects);
  const { status } = await callText(usher, user, "identity", `[${nested(120)}]`);
  assert.equal(status, 400);
});
