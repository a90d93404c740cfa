class Greeter {
  constructor(name) {
    this.name = name;
    this.later = Promise.resolve(5);
  }
  hello() {
    return `Hello, ${this.name}`;
  }
}

exports = (name) => new Greeter(name);
