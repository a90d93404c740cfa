const notes = () => context.services.get("mongodb-atlas").db("shop").collection("overlap");

exports = async (url) => {
  // The server answers once it has seen the document, and so only if both are under way at the same time.
  const [response, { insertedId }] = await Promise.all([
    context.http.get({ url }),
    notes().insertOne({ _id: "seen by the server" }),
  ]);
  return { body: response.body.text(), insertedId };
};
