// The MongoDB service: clients, databases and transactions (reference 5.5).
(function (host, usher) {
  "use strict";

  function nameOf(value, what) {
    if (typeof value === "string" && value !== "") return value;
    throw new Error(`${what} needs a name, not ${value === "" ? "an empty string" : usher.kind(value)}`);
  }

  // The host's handles of this call, by acting function, data source, database and collection.
  const handles = new Map();

  /** The host's handle of a collection, within the session's transaction where it has one. */
  usher.open = function (acting, source, database, collection, session) {
    if (session !== undefined && !(session instanceof Session)) {
      throw new Error("the option session must be what client.startSession() gave");
    }
    const transaction = session === undefined ? undefined : session.transaction;
    const known = transaction === undefined ? handles : transaction.handles;
    const key = `${acting}\0${source}\0${database}\0${collection}`;
    let handle = known.get(key);
    if (handle === undefined) {
      handle = transaction === undefined
        ? host.open(acting, source, database, collection)
        : host.open(acting, source, database, collection, transaction.number);
      known.set(key, handle);
    }
    return handle;
  };

  // How often withTransaction begins again after another transaction wrote the same document first.
  const ATTEMPTS = 5;
  const isConflict = (error) => error instanceof Error && /WriteConflict|TransientTransactionError/.test(error.message);

  /** A session: at most one transaction at a time. Operations belong to it that are given `{session}`. */
  class Session {
    #transaction;
    #committed = false;
    get transaction() { return this.#transaction; }
    inTransaction() { return this.#transaction !== undefined; }
    startTransaction() {
      if (this.#transaction !== undefined) throw new Error("this session is in a transaction: commit or abort it first");
      host.touch();
      this.#committed = false;
      this.#transaction = { number: host.begin(), handles: new Map() };
    }
    #end(method) {
      if (this.#transaction === undefined) throw new Error(`${method}: no transaction was started in this session`);
      const { number } = this.#transaction;
      this.#transaction = undefined;
      return number;
    }
    #commit(method) {
      host.commit(this.#end(method));
      this.#committed = true;
    }
    /** Once more is no mistake, as in every driver: some commit what `withTransaction` has committed. */
    async commitTransaction() {
      if (!this.#committed) this.#commit("commitTransaction");
    }
    async abortTransaction() { host.abort(this.#end("abortTransaction")); }
    async endSession() {
      if (this.#transaction !== undefined) host.abort(this.#end("endSession"));
    }
    /** Runs the callback in a transaction: commits when it succeeds, aborts when it fails, and gives its result. */
    async withTransaction(callback) {
      if (typeof callback !== "function") throw new Error(`withTransaction needs a function, not ${usher.kind(callback)}`);
      for (let attempt = 1; ; attempt++) {
        this.startTransaction();
        try {
          const result = await callback(this);
          if (this.#transaction !== undefined) this.#commit("withTransaction");
          return result;
        } catch (error) {
          if (this.#transaction !== undefined) host.abort(this.#end("withTransaction"));
          if (attempt >= ATTEMPTS || !isConflict(error)) throw error;
        }
      }
    }
    get [Symbol.toStringTag]() { return "Session"; }
  }

  const unavailable = (method) =>
    new Error(`${method} is not available: a function reaches the collections that it was granted, by name`);

  class Database {
    #acting;
    #source;
    #name;
    constructor(acting, source, name) {
      this.#acting = acting;
      this.#source = source;
      this.#name = name;
    }
    get name() { return this.#name; }
    get databaseName() { return this.#name; }
    collection(name) { return new usher.Collection(this.#acting, this.#source, this.#name, nameOf(name, "collection()")); }
    async getCollectionNames() { throw unavailable("getCollectionNames"); }
    get [Symbol.toStringTag]() { return "Database"; }
  }

  class Client {
    #acting;
    #source;
    constructor(acting, source) {
      this.#acting = acting;
      this.#source = source;
    }
    db(name) { return new Database(this.#acting, this.#source, nameOf(name, "db()")); }
    startSession() { return new Session(); }
    admin() { return admin; }
    get [Symbol.toStringTag]() { return "Client"; }
  }
  const admin = {
    async getDBNames() { throw unavailable("getDBNames"); },
  };

  /** The client of a data source for the function `acting`. */
  usher.service = (name, acting) => new Client(acting, name);
})
