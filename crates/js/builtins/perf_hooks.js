const performance = globalThis.performance || { now: () => Date.now(), timeOrigin: 0, mark() {}, measure() {} };

module.exports = { performance };
