// Nothing at the top level: what the snapshot saw must not be repeated either.
exports = () => {
  const ids = [1, 2, 3].map(() => new BSON.ObjectId().toString());
  return { ids, randoms: [Math.random(), Math.random(), Math.random()], uuid: new BSON.UUID().toString() };
};
