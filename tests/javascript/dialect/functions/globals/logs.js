exports = (mark) => {
  console.log("plain", mark, 5, { a: [1, "two", null], id: BSON.ObjectId("5f00000000000000000000ab") });
  console.info("%s is %d%%", "it", 5);
  console.warn("careful");
  console.error(new TypeError("went wrong"));
  console.debug("not shown at the level info");
  const circle = { name: "circle" };
  circle.self = circle;
  console.log(circle, undefined, () => 1, [undefined], "x".repeat(9000).length);
};
