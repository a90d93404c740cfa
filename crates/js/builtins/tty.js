class Stream {
  constructor() { throw new Error("there is no terminal in the sandbox"); }
}

module.exports = { isatty: () => false, ReadStream: Stream, WriteStream: Stream };
