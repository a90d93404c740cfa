// Cursors, and `usher.drain`, which makes values that can leave the engine out of what a function returned.
(function (host, usher) {
  "use strict";

  /** A sort order as a document: apps also write `"name"` and `[["name", 1]]`. */
  usher.sortOrder = function (order) {
    if (typeof order === "string") return { [order]: 1 };
    if (!Array.isArray(order)) return order;
    const document = {};
    for (const part of order) {
      if (Array.isArray(part)) document[part[0]] = part[1];
      else document[part] = 1;
    }
    return document;
  };

  /**
   * The result of `find` and `aggregate`. Nothing runs until something is read. It is no promise: `await cursor` gives the
   * cursor (reference 5.5; real apps do both).
   */
  class Cursor {
    #start;
    #options;
    #pipeline;
    #count;
    #change;
    #opened;
    #filling;
    #batch = [];
    #position = 0;
    #ended = false;

    /** `start(options, pipeline)` answers a promise of the host's cursor number; `count` counts the matches. */
    constructor(start, options, pipeline, count) {
      this.#start = start;
      this.#options = options;
      this.#pipeline = pipeline;
      this.#count = count;
    }

    #set(option, value, stage) {
      if (this.#opened) throw new Error(`this cursor is being read: call ${option}() before reading`);
      if (this.#pipeline === undefined || stage === undefined) this.#options[option] = value;
      else this.#pipeline.push({ [stage]: value });
      return this;
    }
    sort(order) { return this.#set("sort", usher.sortOrder(order), "$sort"); }
    limit(number) { return this.#set("limit", number, "$limit"); }
    skip(number) { return this.#set("skip", number, "$skip"); }
    project(projection) { return this.#set("projection", projection, "$project"); }
    projection(projection) { return this.project(projection); }
    batchSize(number) { return this.#set("batchSize", number); }
    hint(index) { return this.#set("hint", index); }
    collation(collation) { return this.#set("collation", collation); }
    map(change) {
      const before = this.#change;
      this.#change = before === undefined ? change : (document) => change(before(document));
      return this;
    }

    /** Starts the query, once. */
    open() {
      if (this.#opened === undefined) this.#opened = this.#start(this.#options, this.#pipeline);
      return this.#opened;
    }
    /** Starts what has to run though nobody may read it. `await` waits for it then, and gives a cursor as everywhere. */
    begun() {
      const opened = this.open();
      const reader = new Cursor(() => opened, {});
      const then = (resolve, reject) => opened.then(() => reader).then(resolve, reject);
      Object.defineProperty(this, "then", { value: then, configurable: true });
      return this;
    }
    async #fill() {
      try {
        this.#batch = await host.nextBatch(await this.open());
        this.#position = 0;
        if (this.#batch.length === 0) await this.close();
      } finally {
        this.#filling = undefined;
      }
    }
    #more() {
      if (this.#filling === undefined) this.#filling = this.#fill();
      return this.#filling;
    }
    async #some() {
      while (this.#position >= this.#batch.length) {
        if (this.#ended) return false;
        await this.#more();
      }
      return true;
    }
    #take() {
      const document = this.#batch[this.#position];
      this.#batch[this.#position++] = undefined;
      return this.#change === undefined ? document : this.#change(document);
    }

    hasNext() { return this.#some(); }
    async next() {
      // Several calls may wait for one batch, and the others may have taken all of it.
      while (this.#position >= this.#batch.length) {
        if (this.#ended) return null;
        await this.#more();
      }
      return this.#take();
    }
    async forEach(visit) {
      while (await this.#some()) if (visit(this.#take()) === false) break;
    }
    async toArray() {
      let all;
      while (await this.#some()) {
        let batch = this.#position === 0 ? this.#batch : this.#batch.slice(this.#position);
        if (this.#change !== undefined) batch = batch.map((document) => this.#change(document));
        this.#batch = [];
        this.#position = 0;
        if (all === undefined) all = batch;
        else for (const document of batch) all.push(document);
      }
      return all === undefined ? [] : all;
    }
    /** How many documents match; of an aggregation, how many it gives. */
    async count() { return this.#count === undefined ? (await this.toArray()).length : this.#count(); }
    async close() {
      if (this.#ended) return;
      this.#ended = true;
      this.#batch = [];
      this.#position = 0;
      if (this.#opened !== undefined) host.closeCursor(await this.#opened);
    }
    async *[Symbol.asyncIterator]() {
      try {
        while (await this.#some()) yield this.#take();
      } finally {
        await this.close();
      }
    }
    get [Symbol.toStringTag]() { return "Cursor"; }
  }
  usher.Cursor = Cursor;

  const plain = Object.prototype;
  // Deeper than any document may be: the encoder refuses what is not looked at here.
  const DEPTH = 110;
  const path = [];

  /** The value itself where nothing in it is pending, else a promise of a copy without cursors and promises. */
  function walk(value) {
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Cursor) return value.toArray();
    if (value instanceof Promise) return value.then(usher.drain);
    if (path.length >= DEPTH || path.includes(value)) return value;
    if (Array.isArray(value)) return inside(value, undefined);
    if (typeof value.then === "function") return Promise.resolve(value).then(usher.drain);
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== plain && prototype !== null) return value;
    return inside(value, Object.keys(value));
  }
  function inside(value, keys) {
    path.push(value);
    let pending;
    const length = keys === undefined ? value.length : keys.length;
    for (let index = 0; index < length; index++) {
      const key = keys === undefined ? index : keys[index];
      const member = value[key];
      if (typeof member !== "object" || member === null) continue;
      const result = walk(member);
      if (result !== member) (pending || (pending = [])).push(key, result);
    }
    path.pop();
    return pending === undefined ? value : settle(value, pending);
  }
  async function settle(value, pending) {
    const copy = Array.isArray(value) ? value.slice() : Object.assign(Object.create(Object.getPrototypeOf(value)), value);
    const results = await Promise.all(pending.filter((_, index) => index % 2 === 1));
    for (let index = 0; index < results.length; index++) copy[pending[index * 2]] = results[index];
    return copy;
  }

  /**
   * Resolves promises and reads cursors, nested anywhere in plain objects and arrays. Gives the value itself, not a
   * promise, where there is nothing to wait for.
   */
  usher.drain = function (value) {
    const outer = path.length;
    try {
      return walk(value);
    } finally {
      path.length = outer;
    }
  };
})
