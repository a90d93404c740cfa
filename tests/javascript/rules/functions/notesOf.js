exports = async function (query, options = {}) {
  const notes = context.services.get("mongodb-atlas").db("main").collection("notes");
  return notes.find(query ?? {}, options.projection).sort(options.sort ?? { _id: 1 }).toArray();
};
