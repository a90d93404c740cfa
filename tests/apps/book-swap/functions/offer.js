exports = async function (title, id) {
  const books = context.functions.execute("db/collection", "books");
  const _id = id ? BSON.ObjectId(id) : new BSON.ObjectId();
  books.deleteMany({ _id: _id }).then(() =>
    books.insertOne({ _id: _id, title: title, owner: context.user.id, copies: BSON.Int32(2) })
  );
  return title;
};
