class NotToday extends Error {
  constructor(message) {
    super(message);
    this.name = "NotToday";
    this.own = 5;
  }
}

exports = () => {
  throw new NotToday("come back tomorrow");
};
