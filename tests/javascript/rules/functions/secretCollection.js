exports = async function () {
  return context.services.get("mongodb-atlas").db("main").collection("secrets").findOne({});
};
