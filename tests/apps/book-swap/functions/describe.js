exports = function (title) {
  const book = context.functions.execute("readerBook", title);
  const { copies } = EJSON.parse('{"copies": {"$numberInt": "2"}}');
  return {
    greeting: book.greet(),
    copies: copies + 1,
    id: BSON.ObjectId("5f00000000000000000000ab").toString(),
    json: EJSON.stringify({ long: BSON.Long(5) }),
  };
};
