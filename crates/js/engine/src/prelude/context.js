// `context` (reference 5.4), and what Node programs expect to find: `process` and `global`.
(function (host, usher) {
  "use strict";

  // Facts of the call, asked for when they are first read. All of them stay undefined in the snapshot: `touch` sees to it.
  let user;
  let app;
  let environment;
  let request;
  const values = Object.freeze({
    get(name) {
      host.touch();
      const found = host.value(String(name));
      return found === undefined ? undefined : found.value;
    },
  });

  /** What one function sees. Only services, functions and http depend on which function it is. */
  class Context {
    #acting;
    #services;
    #functions;
    #http;
    constructor(acting) { this.#acting = acting; }

    get user() {
      if (user === undefined) {
        host.touch();
        user = host.caller();
        // App Services gave documents, where there is nothing in them as well (reference 5.4).
        for (const part of ["data", "custom_data"]) if (user[part] === undefined) user[part] = {};
      }
      return user;
    }
    get app() {
      if (app === undefined) {
        host.touch();
        app = host.app();
      }
      return app;
    }
    get environment() {
      if (environment === undefined) {
        host.touch();
        environment = host.environment();
      }
      return environment;
    }
    get request() {
      if (request === undefined) {
        host.touch();
        request = host.request();
      }
      return request;
    }
    get values() { return values; }
    runningAsSystem() {
      host.touch();
      return usher.system(this.#acting);
    }

    get functions() {
      if (this.#functions === undefined) {
        const acting = this.#acting;
        this.#functions = { execute: (name, ...parts) => usher.execute(name, parts, acting) };
      }
      return this.#functions;
    }
    get services() {
      if (this.#services === undefined) {
        const acting = this.#acting;
        this.#services = {
          get(name) {
            if (name === "mongodb-atlas" || usher.services.includes(name)) return usher.service(name, acting);
            return name === "http" || usher.httpServices.includes(name) ? usher.http(acting) : undefined;
          },
        };
      }
      return this.#services;
    }
    get http() {
      if (this.#http === undefined) this.#http = usher.http(this.#acting);
      return this.#http;
    }
    get [Symbol.toStringTag]() { return "Context"; }
  }

  const contexts = new Map();
  /** The context of a function: one object for each, made at deploy. */
  usher.contextFor = function (name) {
    let context = contexts.get(name);
    if (context === undefined) contexts.set(name, (context = new Context(name)));
    return context;
  };
  Object.defineProperty(globalThis, "context", {
    get() { return usher.contextFor(usher.acting()); },
    set(value) { usher.define("context", value); },
    configurable: true,
    enumerable: false,
  });

  function hrtime(before) {
    host.touch();
    const now = Date.now();
    const time = [Math.floor(now / 1000), (now % 1000) * 1e6];
    if (!Array.isArray(before)) return time;
    const nanoseconds = time[1] - before[1];
    return nanoseconds < 0 ? [time[0] - before[0] - 1, nanoseconds + 1e9] : [time[0] - before[0], nanoseconds];
  }
  hrtime.bigint = () => {
    host.touch();
    return BigInt(Date.now()) * 1000000n;
  };
  const nothing = () => process;
  const process = {
    version: "v10.18.1",
    versions: {},
    title: "usher",
    platform: "linux",
    arch: "wasm32",
    pid: 1,
    env: {},
    argv: [],
    execArgv: [],
    hrtime,
    nextTick: (callback, ...parts) => queueMicrotask(parts.length === 0 ? callback : () => callback(...parts)),
    cwd: () => "/",
    uptime: () => 0,
    emitWarning: (warning) => console.warn(String(warning)),
    /** What Node's built-ins are made of here. */
    binding(name) {
      if (name === "usher") return usher.natives;
      throw new Error(`No such module: ${name}`);
    },
    exit() { throw new Error("process.exit is not available: return from the function instead"); },
    on: nothing,
    once: nothing,
    off: nothing,
    emit: () => false,
    addListener: nothing,
    removeListener: nothing,
    removeAllListeners: nothing,
    listeners: () => [],
  };
  usher.define("process", process);
  usher.define("global", globalThis);
})
