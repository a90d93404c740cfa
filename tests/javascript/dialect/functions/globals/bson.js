const hex = "5f00000000000000000000ab";

exports = () => {
  const id = BSON.ObjectId(hex);
  const copy = new BSON.ObjectId(hex);
  const binary = BSON.Binary.fromBase64("AQID");
  const errors = {};
  for (const [name, make] of Object.entries({
    id: () => BSON.ObjectId("abc"),
    base64: () => BSON.Binary.fromBase64("AQI"),
    hex: () => BSON.Binary.fromHex("0"),
    decimal: () => BSON.Decimal128.fromString("no number"),
  })) {
    try {
      make();
    } catch (error) {
      errors[name] = error.message;
    }
  }
  return {
    values: [
      id, copy, BSON.Int32(5), new BSON.Int32(5), BSON.Double(5), new BSON.Double(5), BSON.Long(5), new BSON.Long(5, 1),
      BSON.Decimal128.fromString("1.50"), binary, BSON.Binary.fromHex("0a0b"), BSON.MinKey(), new BSON.MinKey(), BSON.MaxKey(),
      BSON.BSONRegExp("^a", "i"), new BSON.BSONRegExp("b"), /c/im, BSON.Timestamp(1, 2), new BSON.UUID("73ffd264-44b3-4c69-90e8-e7d1dfc035d4"),
      new Date(0), new Uint8Array([1, 2]), 10n, BSON.Long.fromString("9007199254740993"),
    ],
    facts: {
      equal: id.equals(copy), text: String(id), json: JSON.stringify({ id }), hex: id.toHexString(), type: id instanceof BSON.ObjectId,
      date: id.getTimestamp(), valid: [BSON.ObjectId.isValid(hex), BSON.ObjectId.isValid("x")],
      binary: [binary.toHex(), binary.toBase64(), BSON.Binary.fromHex("616263").text(), binary.length],
      long: [BSON.Long(5).toString(), BSON.Long.fromString("9007199254740993").add(1).toString(), BSON.Long(7) + 1],
      int: BSON.Int32(7) + 1,
      decimal: BSON.Decimal128.fromString("1.50").toString(),
    },
    errors,
  };
};
