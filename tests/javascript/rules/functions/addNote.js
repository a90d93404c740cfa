exports = async function (note) {
  return context.services.get("mongodb-atlas").db("main").collection("notes").insertOne(note);
};
