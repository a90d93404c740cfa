async function shelf() {
  const books = context.functions.execute("db/collection", "books");
  // A cursor and a promise inside of the answer.
  return {
    mine: books.find({ owner: context.user.id }, { _id: 0, title: 1, copies: 1 }).sort({ title: 1 }),
    count: books.count({ owner: context.user.id }),
  };
}

exports = shelf;
