exports = async function () {
  return context.services.get("mongodb-atlas").db("field").collection("notes").deleteMany({});
};
