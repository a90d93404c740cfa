exports = async function onUserCreation(user) {
  const cooks = context.services.get("mongodb-atlas").db("recipes").collection("cooks");
  try {
    await cooks.insertOne({
      user_id: user.id,
      email: user.data.email || null,
      level: 1,
      created: new Date(),
    });
  } catch (e) {
    console.error(`no custom data for ${user.id}: ${e}`);
    throw e;
  }
};
