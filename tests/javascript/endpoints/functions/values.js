exports = () => ({
  id: BSON.ObjectId("5f00000000000000000000ab"),
  date: new Date(1641954803067),
  int: 3,
  double: 2.5,
  long: BSON.Long.fromNumber(5),
  decimal: BSON.Decimal128.fromString("1.50"),
  bytes: new BSON.Binary("hi"),
  gone: undefined,
  list: [null, "text"],
});
