const greeting = context.environment.values.greeting;

class ReaderBook {
  constructor(title) {
    this.title = title;
  }
  greet() {
    return `${greeting}, ${this.title}`;
  }
}

exports = (title) => new ReaderBook(title);

if (typeof module !== "undefined") {
  module.exports = exports;
}
