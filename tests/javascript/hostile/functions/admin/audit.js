// The one function that was granted the audit collection.
exports = async function () {
  const audit = context.services.get("mongodb-atlas").db("e2e").collection("audit");
  return audit.count({});
};
