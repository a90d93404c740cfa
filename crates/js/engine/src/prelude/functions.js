// The app's functions: their sources evaluated at deploy, called by the host and by each other.
(function (host, usher) {
  "use strict";

  const functions = new Map();
  const byFile = new Map();
  let shared = false;
  /** The function that was called; while scripts are loaded, the one whose turn it is. */
  let entry;

  // A function in a function, so that a script may declare names such as `context` or `exports` for itself.
  const OPEN = "(function (exports, require, context) {(function () {";
  const OPEN_WITH_MODULE = "(function (exports, require, context, module, __filename, __dirname) {(function () {";
  const CLOSE = "\n}).call(this);return exports;})";

  class Script {
    constructor({ name, file, source, system, authority, requires }) {
      this.name = name;
      this.file = file;
      this.source = source;
      this.system = system;
      this.authority = authority;
      this.requires = requires || {};
      this.require = usher.requireFor(this.requires, file);
      this.context = usher.contextFor(name);
      this.body = undefined;
      this.withModule = false;
      /** Whether the top level depends on the call. */
      this.dynamic = false;
      /** What the script exports; unset where it has to be evaluated in the call. */
      this.exported = undefined;
      /** Undeclared variables that the top level assigned: globals for whoever calls the function, and nobody else. */
      this.globals = undefined;
      this.entered = false;
    }

    compile() {
      if (this.body) return;
      const open = this.withModule ? OPEN_WITH_MODULE : OPEN;
      this.body = host.compile(this.file, open + this.source + CLOSE);
    }

    /** Evaluates the top level. */
    evaluate() {
      this.compile();
      const exports = {};
      if (!this.withModule) return this.body.call(globalThis, exports, this.require, this.context);
      const module = { exports };
      const directory = this.file.replace(/\/?[^/]*$/, "");
      const exported = this.body.call(globalThis, exports, this.require, this.context, module, this.file, directory);
      return module.exports === exports ? exported : module.exports;
    }

    /** Evaluates the top level at deploy, `module` included only for a script that cannot do without. */
    load() {
      const before = new Set(Object.getOwnPropertyNames(globalThis));
      try {
        this.exported = this.attempt();
        usher.passOn();
      } catch (error) {
        if (!host.touched()) throw error;
        this.exported = undefined;
        this.dynamic = true;
      } finally {
        this.takeGlobals(before);
      }
      usher.preload(this.requires);
    }

    attempt() {
      try {
        const exported = this.evaluate();
        if (typeof exported === "function" || !/\bmodule\s*\.\s*exports\b/.test(this.source)) return exported;
      } catch (error) {
        if (!(error instanceof ReferenceError) || !/\bmodule\b/.test(error.message)) throw error;
      }
      this.withModule = true;
      this.body = undefined;
      return this.evaluate();
    }

    takeGlobals(before) {
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
      if (added.length === 0) return;
      const globals = {};
      for (const name of added) {
        if (!this.dynamic) globals[name] = globalThis[name];
        delete globalThis[name];
      }
      if (!this.dynamic) this.globals = globals;
    }

    /** The function itself, in a call. */
    get() {
      if (!this.entered) {
        this.entered = true;
        if (this.globals) Object.assign(globalThis, this.globals);
        if (this.dynamic) this.exported = this.evaluate();
      }
      let { exported } = this;
      if (typeof exported !== "function" && exported && typeof exported.default === "function") exported = exported.default;
      if (typeof exported !== "function") throw new TypeError(`${this.file} exports no function: 'exports' is not a function`);
      return exported;
    }
  }

  function found(name) {
    const script = functions.get(name);
    if (!script) throw new Error(`function not found: '${name}'`);
    return script;
  }

  /** The answer without promises and cursors; itself a promise only where something is pending. */
  function drained(value) {
    if (value !== null && typeof value === "object" && typeof value.then === "function") {
      return Promise.resolve(value).then(usher.drain);
    }
    return usher.drain(value);
  }

  /** Of a request to an endpoint, the response stands behind the other arguments. */
  usher.call = (name, args, request) => {
    entry = found(name);
    const answer = drained(entry.get().apply(undefined, request ? [...args, usher.respond()] : args));
    // The host looks at this promise without a listener; its rejection is not one that nobody noticed.
    if (answer instanceof Promise) answer.then(undefined, () => {});
    return answer;
  };

  /** In this instance where the other's authority is ours, and else by the host, in one of its own. */
  usher.execute = (name, args = []) => {
    const script = functions.get(String(name));
    const ours = script && (shared || (script.authority === entry.authority && (!script.system || host.runningAsSystem())));
    if (ours) return script.get().apply(undefined, args);
    if (!script && !usher.elsewhere.has(name)) found(name);
    return host.callFunction(String(name), args);
  };

  usher.system = (name) => host.runningAsSystem() || (shared && found(name).system);

  const { describe } = usher;
  /** On a script's first line our own beginning stands before the author's. */
  usher.describe = (thrown) => {
    const described = describe(thrown);
    if (typeof described.stack === "string") described.stack = usher.placed(described.stack);
    return described;
  };

  usher.placed = (stack) =>
    stack.replace(/([^\s(]+):1:(\d+)/g, (frame, file, column) => {
      const script = byFile.get(file);
      if (!script) return frame;
      const shift = (script.withModule ? OPEN_WITH_MODULE : OPEN).length;
      return `${file}:1:${Math.max(1, column - shift)}`;
    });

  usher.acting = () => entry && entry.name;

  /** A line of a source as the engine saw it, for errors that quote it. */
  usher.sourceLine = (file, line) => {
    const script = byFile.get(file);
    const text = script && script.source.split("\n")[line - 1];
    return text === undefined || line > 1 ? text : (script.withModule ? OPEN_WITH_MODULE : OPEN) + text;
  };

  usher.load = (scripts) => {
    shared = !!scripts.share_instance;
    usher.services = scripts.data_sources || ["mongodb-atlas"];
    usher.httpServices = scripts.http_services || [];
    usher.elsewhere = new Set(scripts.others || []);
    usher.addModules(scripts.modules || []);
    const errors = [];
    usher.watchingTheClock(() => {
      for (const spec of scripts.functions) {
        const script = new Script(spec);
        byFile.set(script.file, script);
        entry = script;
        try {
          script.load();
        } catch (thrown) {
          const { message, stack } = usher.describe(thrown);
          errors.push({ function: script.name, file: script.file, message: String(message), stack: String(stack || "") });
        }
        functions.set(script.name, script);
      }
    });
    const dynamic = scripts.functions.map(({ name }) => name).filter((name) => functions.get(name).dynamic);
    return { errors, dynamic };
  };
})
