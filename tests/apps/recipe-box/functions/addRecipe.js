exports = async function ({ title, minutes = 30, ...rest }) {
  if (!title?.trim()) {
    throw new Error("a recipe needs a title");
  }
  const recipes = context.services.get("mongodb-atlas").db("recipes").collection("recipes");
  const { insertedId } = await recipes.insertOne({ title, minutes, ...rest, owner: context.user.id });
  console.log("added", title, insertedId);
  return insertedId;
};
