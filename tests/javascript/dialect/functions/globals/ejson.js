exports = (text) => {
  const value = EJSON.parse(text);
  return {
    canonical: EJSON.stringify(value),
    relaxed: EJSON.stringify(value, { relaxed: true }),
    types: [value.id instanceof BSON.ObjectId, value.when instanceof Date, typeof value.int, typeof value.long],
    list: EJSON.stringify([1, { a: new Date(0) }]),
    plain: EJSON.stringify({ a: 1.5, b: "x", c: null, d: true }),
    nothing: typeof EJSON.stringify(undefined),
  };
};
