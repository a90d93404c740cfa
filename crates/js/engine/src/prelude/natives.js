// Promises and timers over the natives, and what must not be frozen in a snapshot: the clock and chance.
(function (host, usher) {
  "use strict";

  const waiting = new Map();

  /** The promise of a task that `start` starts and gives the number of. */
  function promised(start) {
    return new Promise((resolve, reject) => {
      waiting.set(start(), [resolve, reject]);
    });
  }

  usher.settle = (id, ok, value) => {
    const [resolve, reject] = waiting.get(id);
    waiting.delete(id);
    (ok ? resolve : reject)(value);
  };

  host.start = (handle, operation, ...parts) => promised(() => host.startOperation(handle, operation, ...parts));
  host.nextBatch = (cursor) => promised(() => host.startNextBatch(cursor));
  host.callFunction = (name, args) => promised(() => host.startCall(name, args));
  host.fetch = (acting, request) => promised(() => host.startRequest(acting, request));

  const timers = new Map();

  host.timer = (callback, milliseconds) => {
    const id = host.setTimer(+milliseconds || 0);
    timers.set(id, callback);
    return id;
  };

  host.cancel = (id) => {
    if (timers.delete(id)) host.cancelTimer(id);
  };

  usher.fire = (id) => {
    const callback = timers.get(id);
    timers.delete(id);
    if (callback) callback();
  };

  Object.defineProperty(Math, "random", { value: host.randomNumber, writable: true, configurable: true });

  const NativeDate = Date;

  /** `Date` while scripts are loaded: whoever asks for the time then is evaluated again in each call. */
  function LoadingDate(...parts) {
    if (host.loading() && (new.target === undefined || parts.length === 0)) host.touch();
    if (new.target === undefined) return NativeDate();
    return Reflect.construct(NativeDate, parts, new.target === LoadingDate ? NativeDate : new.target);
  }
  Object.setPrototypeOf(LoadingDate, NativeDate);
  Object.defineProperties(LoadingDate, {
    name: { value: "Date" },
    length: { value: 7 },
    prototype: { value: NativeDate.prototype },
    now: {
      value() {
        if (host.loading()) host.touch();
        return NativeDate.now();
      },
      writable: true,
      configurable: true,
    },
  });

  const setDate = (value) =>
    Object.defineProperty(globalThis, "Date", { value, writable: true, enumerable: false, configurable: true });

  /** Runs `load` with the clock watched. Scripts that kept `Date` go on with one that behaves as the real one. */
  usher.watchingTheClock = (load) => {
    setDate(LoadingDate);
    try {
      return load();
    } finally {
      setDate(NativeDate);
    }
  };
})
