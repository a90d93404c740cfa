// Collections as functions see them (reference 5.5), with every form of argument that real apps use.
(function (host, usher) {
  "use strict";

  const isObject = (value) => typeof value === "object" && value !== null;
  const isNumber = (value) => typeof value === "number" || (isObject(value) && typeof value._bsontype === "string");
  const isText = (value) => typeof value === "string";
  const isFlag = (value) => typeof value === "boolean";
  const isTextOrObject = (value) => isText(value) || isObject(value);

  // Names of options of reads with what a value looks like: it tells `{limit: 5}` from the projection `{name: 1}`.
  const READ_OPTIONS = Object.assign(Object.create(null), {
    projection: isObject, project: isObject, sort: isTextOrObject, limit: isNumber, skip: isNumber, session: isObject,
    collation: isObject, hint: isTextOrObject, batchSize: isNumber, maxTimeMS: (value) => isNumber(value) && value > 1,
    comment: isText, readPreference: isTextOrObject, readConcern: isObject, allowDiskUse: isFlag,
  });
  function looksLikeOptions(value) {
    const names = Object.keys(value);
    for (const name of names) {
      const fits = READ_OPTIONS[name];
      if (fits === undefined || (value[name] !== undefined && !fits(value[name]))) return false;
    }
    return names.length > 0;
  }

  // What the host understands, by the names that apps use. Other options are ignored, as App Services did.
  const named = (...names) => Object.assign(Object.create(null), Object.fromEntries(names.map((name) => [name, name])));
  const FIND_ONE = Object.assign(named("projection", "sort", "skip", "hint", "collation"), { project: "projection" });
  const FIND = Object.assign(named("limit", "batchSize"), FIND_ONE);
  const AGGREGATE = named("hint", "collation", "batchSize", "allowDiskUse");
  const COUNT = named("limit", "skip", "hint", "collation");
  const DISTINCT = named("collation");
  const INSERT_MANY = named("ordered");
  const UPDATE = named("upsert", "arrayFilters", "hint", "collation");
  const REPLACE = named("upsert", "hint", "collation");
  const DELETE = named("hint", "collation");
  const FIND_AND_DELETE = Object.assign(named("sort", "projection"), DELETE, { project: "projection" });
  const FIND_AND_REPLACE = Object.assign(named("upsert", "returnNewDocument"), FIND_AND_DELETE);
  const FIND_AND_UPDATE = Object.assign(named("arrayFilters"), FIND_AND_REPLACE);

  function take(into, options, known) {
    for (const name of Object.keys(options)) {
      const value = options[name];
      const as = known[name];
      if (as !== undefined && value !== undefined && value !== null) into[as] = as === "sort" ? usher.sortOrder(value) : value;
    }
    return into;
  }
  const chosen = (options, known) => (isObject(options) ? take({}, options, known) : {});
  /** Second and third argument of `find` and `findOne`: a projection and options, or options alone. */
  function readOptions(projection, options, known) {
    const into = {};
    if (isObject(projection)) {
      if (looksLikeOptions(projection)) take(into, projection, known);
      else into.projection = projection;
    }
    return isObject(options) ? take(into, options, known) : into;
  }
  function sessionOf(first, second) {
    if (isObject(second) && second.session) return second.session;
    return isObject(first) && isObject(first.session) && looksLikeOptions(first) ? first.session : undefined;
  }

  function document(value, what) {
    if (isObject(value) && !Array.isArray(value) && value._bsontype === undefined) return value;
    throw new Error(`${what} must be a document, not ${usher.kind(value)}`);
  }
  /** A query of a read; none means everything. */
  const anything = (query, method) => (query === undefined || query === null ? {} : document(query, `the query of ${method}`));
  /** A query of a write, where a missing one is likely a mistake. */
  function query(value, method) {
    if (value !== undefined && value !== null) return document(value, `the query of ${method}`);
    throw new Error(`${method} needs a query; {} means every document`);
  }
  usher.kind = function (value) {
    if (value === null || value === undefined) return String(value);
    if (Array.isArray(value)) return "an array";
    if (typeof value === "object") return value._bsontype === undefined ? "an object" : `a value of type ${value._bsontype}`;
    return `a ${typeof value}`;
  };

  /** Whether an update consists of operators; a plain document replaces the whole one (reference 5.5). */
  function hasOperators(update, method) {
    if (Array.isArray(update)) return true;
    const names = Object.keys(document(update, `the update of ${method}`));
    const operators = names.filter((name) => name.startsWith("$")).length;
    if (operators > 0 && operators < names.length) {
      throw new Error(`the update of ${method} mixes update operators and fields: ` +
        `put ${names.filter((name) => !name.startsWith("$")).join(", ")} into an operator such as $set`);
    }
    return operators > 0;
  }
  function replacement(value, method) {
    const names = Object.keys(document(value, `the replacement of ${method}`));
    if (names.some((name) => name.startsWith("$"))) {
      throw new Error("the replace operation document must not contain atomic operators");
    }
    return value;
  }

  /** A collection in a data source. Nothing is opened before the first operation of a call. */
  class Collection {
    #acting;
    #source;
    #database;
    #name;
    #handle;
    constructor(acting, source, database, name) {
      this.#acting = acting;
      this.#source = source;
      this.#database = database;
      this.#name = name;
    }
    get name() { return this.#name; }
    get collectionName() { return this.#name; }
    get namespace() { return `${this.#database}.${this.#name}`; }
    get [Symbol.toStringTag]() { return "Collection"; }

    /** Starts an operation at once. What is wrong with its parts comes as a rejection, like what the database says. */
    #run(session, prepare) {
      host.touch();
      try {
        let handle = this.#handle;
        if (session !== undefined && session !== null) {
          handle = usher.open(this.#acting, this.#source, this.#database, this.#name, session);
        } else if (handle === undefined) {
          handle = this.#handle = usher.open(this.#acting, this.#source, this.#database, this.#name);
        }
        return prepare(handle);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    static #session(options) { return isObject(options) ? options.session : undefined; }

    find(query, projection, options) {
      const session = sessionOf(projection, options);
      const filter = anything(query, "find");
      const start = (chosen) => this.#run(session, (handle) => host.start(handle, "find", filter, chosen));
      return new usher.Cursor(start, readOptions(projection, options, FIND), undefined, () => this.count(filter, { session }));
    }
    findOne(query, projection, options) {
      return this.#run(sessionOf(projection, options), (handle) =>
        host.start(handle, "findOne", anything(query, "findOne"), readOptions(projection, options, FIND_ONE)));
    }
    aggregate(pipeline, options) {
      if (!Array.isArray(pipeline)) throw new Error(`aggregate needs an array of stages, not ${usher.kind(pipeline)}`);
      const session = Collection.#session(options);
      const start = (chosen, stages) => this.#run(session, (handle) => host.start(handle, "aggregate", stages, chosen));
      const cursor = new usher.Cursor(start, chosen(options, AGGREGATE), pipeline.slice());
      const last = pipeline[pipeline.length - 1];
      // A pipeline that writes runs though nobody reads its result.
      return isObject(last) && (last.$merge !== undefined || last.$out !== undefined) ? cursor.begun() : cursor;
    }
    count(query, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "count", anything(query, "count"), chosen(options, COUNT)));
    }
    countDocuments(query, options) { return this.count(query, options); }
    estimatedDocumentCount(options) { return this.count({}, options); }
    distinct(field, query, options) {
      return this.#run(Collection.#session(options), (handle) => {
        if (typeof field !== "string") throw new Error(`distinct needs the name of a field, not ${usher.kind(field)}`);
        return host.start(handle, "distinct", field, anything(query, "distinct"), chosen(options, DISTINCT));
      });
    }

    insertOne(value, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "insertOne", document(value, "what insertOne inserts")));
    }
    insertMany(documents, options) {
      return this.#run(Collection.#session(options), (handle) => {
        if (!Array.isArray(documents)) throw new Error(`insertMany needs an array of documents, not ${usher.kind(documents)}`);
        if (documents.length === 0) throw new Error("must provide at least one element");
        for (const each of documents) document(each, "what insertMany inserts");
        return host.start(handle, "insertMany", documents, chosen(options, INSERT_MANY));
      });
    }
    updateOne(filter, update, options) {
      return this.#run(Collection.#session(options), (handle) => {
        const plain = !hasOperators(update, "updateOne");
        return host.start(handle, plain ? "replaceOne" : "updateOne", query(filter, "updateOne"), update,
          chosen(options, plain ? REPLACE : UPDATE));
      });
    }
    updateMany(filter, update, options) {
      return this.#run(Collection.#session(options), (handle) => {
        // MongoDB replaces one document at a time; App Services replaced every match (reference 6).
        const plain = !hasOperators(update, "updateMany");
        const change = plain ? [{ $replaceWith: { $literal: update } }] : update;
        return host.start(handle, "updateMany", query(filter, "updateMany"), change, chosen(options, plain ? REPLACE : UPDATE));
      });
    }
    replaceOne(filter, value, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "replaceOne", query(filter, "replaceOne"), replacement(value, "replaceOne"),
          chosen(options, REPLACE)));
    }
    deleteOne(filter, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "deleteOne", query(filter, "deleteOne"), chosen(options, DELETE)));
    }
    deleteMany(filter, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "deleteMany", query(filter, "deleteMany"), chosen(options, DELETE)));
    }

    findOneAndUpdate(filter, update, options) {
      return this.#run(Collection.#session(options), (handle) => {
        const plain = !hasOperators(update, "findOneAndUpdate");
        return host.start(handle, plain ? "findOneAndReplace" : "findOneAndUpdate", query(filter, "findOneAndUpdate"), update,
          chosen(options, plain ? FIND_AND_REPLACE : FIND_AND_UPDATE));
      });
    }
    findOneAndReplace(filter, value, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "findOneAndReplace", query(filter, "findOneAndReplace"), replacement(value, "findOneAndReplace"),
          chosen(options, FIND_AND_REPLACE)));
    }
    findOneAndDelete(filter, options) {
      return this.#run(Collection.#session(options), (handle) =>
        host.start(handle, "findOneAndDelete", query(filter, "findOneAndDelete"), chosen(options, FIND_AND_DELETE)));
    }

    /** One write after the other. With `{ordered: false}` a failure does not keep the later ones from running. */
    async bulkWrite(operations, options) {
      if (!Array.isArray(operations)) throw new Error(`bulkWrite needs an array of operations, not ${usher.kind(operations)}`);
      if (operations.length === 0) throw new Error("must provide at least one element");
      const session = Collection.#session(options);
      const total = {
        insertedCount: 0, matchedCount: 0, modifiedCount: 0, deletedCount: 0, upsertedCount: 0, insertedIds: {}, upsertedIds: {},
      };
      let failure;
      for (let index = 0; index < operations.length; index++) {
        try {
          await this.#write(operations[index], index, session, total);
        } catch (error) {
          if (failure === undefined) failure = { error };
          if (!isObject(options) || options.ordered !== false) break;
        }
      }
      if (failure !== undefined) throw failure.error;
      return total;
    }
    async #write(operation, index, session, total) {
      const names = isObject(operation) ? Object.keys(operation) : [];
      const parts = names.length === 1 ? operation[names[0]] : undefined;
      const own = { ...parts, session };
      if (isObject(parts)) {
        let result;
        switch (names[0]) {
          case "insertOne":
            result = await this.insertOne(parts.document === undefined ? parts : parts.document, own);
            total.insertedCount += 1;
            total.insertedIds[index] = result.insertedId;
            return;
          case "updateOne":
          case "updateMany":
            result = await this[names[0]](parts.filter, parts.update, own);
            break;
          case "replaceOne":
            result = await this.replaceOne(parts.filter, parts.replacement, own);
            break;
          case "deleteOne":
          case "deleteMany":
            total.deletedCount += (await this[names[0]](parts.filter, own)).deletedCount;
            return;
        }
        if (result !== undefined) {
          total.matchedCount += result.matchedCount;
          total.modifiedCount += result.modifiedCount;
          if (result.upsertedId !== undefined) {
            total.upsertedCount += 1;
            total.upsertedIds[index] = result.upsertedId;
          }
          return;
        }
      }
      throw new Error(`operation ${index} of bulkWrite must be one of insertOne, updateOne, updateMany, replaceOne, deleteOne ` +
        `and deleteMany, not ${names.join(", ") || usher.kind(operation)}`);
    }
  }
  usher.Collection = Collection;
})
