exports = class Counter {
  constructor(start) {
    this.start = start;
  }
};
