// Timers, over those of the host.
(function (host, usher) {
  "use strict";

  // Repeating timers by the number that the app holds; the host's number changes with every round.
  const repeating = new Map();
  // The largest delay that browsers and Node know.
  const LONGEST = 2147483647;
  function delay(milliseconds) {
    const number = Number(milliseconds);
    return number > 0 && number <= LONGEST ? Math.floor(number) : 0;
  }
  function checked(callback, name) {
    if (typeof callback !== "function") throw new TypeError(`${name} needs a function, not ${usher.kind(callback)}`);
  }

  /** What Node gives: a number with methods that mean nothing here. */
  class Timer {
    #id;
    constructor(id) { this.#id = id; }
    ref() { return this; }
    unref() { return this; }
    hasRef() { return true; }
    [Symbol.toPrimitive]() { return this.#id; }
  }

  function setTimeout(callback, milliseconds, ...parts) {
    checked(callback, "setTimeout");
    host.touch();
    const run = parts.length === 0 ? () => callback() : () => callback(...parts);
    return new Timer(host.timer(run, delay(milliseconds)));
  }
  function setInterval(callback, milliseconds, ...parts) {
    checked(callback, "setInterval");
    host.touch();
    // A pause of nothing would never let the call go on.
    const pause = Math.max(1, delay(milliseconds));
    let first;
    const round = () => {
      // The next round is due before this one runs, so that clearing inside it works.
      repeating.set(first, host.timer(round, pause));
      callback(...parts);
    };
    first = host.timer(round, pause);
    repeating.set(first, first);
    return new Timer(first);
  }
  function clear(timer) {
    if (timer === undefined || timer === null) return;
    const id = Number(timer);
    if (Number.isNaN(id)) return;
    host.cancel(repeating.has(id) ? repeating.get(id) : id);
    repeating.delete(id);
  }

  usher.define("setTimeout", setTimeout);
  usher.define("setInterval", setInterval);
  usher.define("setImmediate", (callback, ...parts) => setTimeout(callback, 0, ...parts));
  usher.define("clearTimeout", clear);
  usher.define("clearInterval", clear);
  usher.define("clearImmediate", clear);
  usher.define("queueMicrotask", (callback) => {
    checked(callback, "queueMicrotask");
    Promise.resolve().then(() => callback());
  });
})
