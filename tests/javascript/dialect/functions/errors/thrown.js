const cases = {
  error: () => { throw new Error("an error"); },
  noMessage: () => { throw new Error(); },
  type: () => { throw new TypeError("a type error"); },
  string: () => { throw "just text"; },
  object: () => { throw { status: 404, id: BSON.ObjectId("5f00000000000000000000ab") }; },
  number: () => { throw 5; },
  undefined: () => { throw undefined; },
  null: () => { throw null; },
  reference: () => unheardOf,
  assign: () => { "use strict"; undeclared = 5; },
  rejection: async () => { throw new Error("rejected"); },
  rejectedText: () => Promise.reject("rejected text"),
  later: () => new Promise((_, reject) => setTimeout(() => reject(new RangeError("in a while")), 1)),
  nested: async () => ({ a: [Promise.reject(new Error("inside of the result"))] }),
  unnoticed: () => { Promise.reject(new Error("nobody waits for this")); return "fine"; },
  handled: async () => {
    const rejected = Promise.reject(new Error("handled later"));
    await null;
    return rejected.catch((error) => `caught: ${error.message}`);
  },
  json: () => JSON.parse("{"),
  constant: () => { const five = 5; five = 6; },
  coded: () => { throw Object.assign(new Error("with a code of its own"), { code: "MyCode" }); },
  long: () => { throw new Error("x".repeat(100000)); },
};

exports = (name) => cases[name]();
