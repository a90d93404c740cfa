// `require`: local files, Node's built-ins and bundled packages. Each is evaluated at deploy, unless it asks for
// something of a call; then it is evaluated in each call that requires it.
(function (host, usher) {
  "use strict";

  const modules = new Map();

  const WRAPPER = ["(function (exports, require, module, __filename, __dirname, process, global) {", "\n})"];

  class Module {
    constructor({ key, file, source, kind, requires }) {
      this.key = key;
      this.file = file;
      this.source = source;
      this.kind = kind;
      this.require = requireFor(requires || {}, file);
      this.body = undefined;
      this.loaded = undefined;
    }

    /** Evaluates the module anew. */
    evaluate(instance) {
      if (this.kind === "json") {
        instance.exports = JSON.parse(this.source);
        return;
      }
      if (!this.body) {
        this.body = host.compile(this.file, WRAPPER[0] + this.source + WRAPPER[1]);
        this.source = undefined;
      }
      const directory = this.file.replace(/\/?[^/]*$/, "");
      const { process } = globalThis;
      this.body.call(instance.exports, instance.exports, this.require, instance, this.file, directory, process, globalThis);
    }

    get() {
      // Set before it is evaluated: modules may require each other in a circle.
      if (this.loaded) return this.loaded.exports;
      const instance = { exports: {}, id: this.key, filename: this.file, loaded: false, children: [], paths: [] };
      this.loaded = instance;
      try {
        this.evaluate(instance);
        passOn();
      } catch (error) {
        this.loaded = undefined;
        throw error;
      }
      instance.loaded = true;
      return instance.exports;
    }
  }

  /** At deploy: what required something that depends on the call depends on it as well, even if it caught the refusal. */
  function passOn() {
    if (host.loading() && host.touched()) host.touch();
  }
  usher.passOn = passOn;

  /** The packages: one bundle, whose parts are evaluated when they are first asked for. */
  class Packages {
    constructor(spec) {
      this.module = new Module(spec);
      /** The parts that depend on the call. */
      this.dynamic = new Set();
      this.parts = undefined;
      /** Parts of this call alone. */
      this.fresh = undefined;
    }

    thunks() {
      const instance = { exports: {} };
      this.module.evaluate(instance);
      return instance.exports;
    }

    get(part) {
      if (host.loading()) return this.load(part);
      if (this.dynamic.has(part)) {
        if (!this.fresh) this.fresh = this.thunks();
        return this.fresh[part]();
      }
      return this.parts[part]();
    }

    load(part) {
      if (this.dynamic.has(part)) host.touch();
      if (!this.parts) this.parts = this.thunks();
      try {
        const exports = this.parts[part]();
        passOn();
        return exports;
      } catch (error) {
        // A bundle remembers modules that broke off as if they were whole, so it begins again without this one.
        this.parts = undefined;
        if (host.touched()) {
          this.dynamic.add(part);
          host.touch();
        }
        throw error;
      }
    }
  }

  function find(key) {
    const hash = key.indexOf("#");
    if (hash < 0) {
      const module = modules.get(key);
      return module && module.get();
    }
    return modules.get(key.slice(0, hash)).get(key.slice(hash + 1));
  }

  function requireFor(requires, file) {
    const require = (specifier) => {
      const key = requires[specifier] || (modules.has(specifier) ? specifier : `node:${specifier}`);
      if (!requires[specifier] && !modules.has(key)) {
        const error = new Error(`Cannot find module '${specifier}'`);
        error.code = "MODULE_NOT_FOUND";
        error.requireStack = [file];
        throw error;
      }
      return find(key);
    };
    require.resolve = (specifier) => requires[specifier] || specifier;
    require.cache = {};
    return require;
  }
  usher.requireFor = requireFor;

  usher.addModules = (specs) => {
    for (const spec of specs) {
      modules.set(spec.key, spec.key === "dependencies" ? new Packages(spec) : new Module(spec));
    }
    if (modules.has("node:buffer")) {
      Object.defineProperty(globalThis, "Buffer", {
        get: () => find("node:buffer").Buffer,
        set(value) {
          Object.defineProperty(globalThis, "Buffer", { value, writable: true, configurable: true });
        },
        configurable: true,
      });
    }
  };

  /** Evaluates what is required somewhere, so that calls find it ready. What fails, fails again where it is required. */
  usher.preload = (requires) => {
    for (const key of Object.values(requires || {})) {
      try {
        find(key);
      } catch {
        host.touched();
      }
    }
  };
})
