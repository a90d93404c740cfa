// What is told of a thrown value, in the words of App Services where those are known (reference 3.7, 5.6).
(function (host, usher) {
  "use strict";

  // The engine's own texts, and what App Services says instead.
  const TEXTS = [
    [/^([^\s']+) is not defined$/, "'$1' is not defined"],
    [/^cannot (?:read|set) property '([^]*)' of (undefined|null)$/, "Cannot access member '$1' of $2"],
  ];
  function translate(name, message, stack) {
    if (name !== "ReferenceError" && name !== "TypeError") return message;
    if (message === "not a function") return called(stack);
    for (const [pattern, text] of TEXTS) if (pattern.test(message)) return message.replace(pattern, text);
    return message;
  }

  /** A stack as a person needs it: frames of the user's sources, by file, line and column. */
  function frames(stack) {
    const lines = stack.split("\n").filter((line) =>
      /^\s*at /.test(line) && !/\(native\)$|\(missing\)$|\(?usher:|at <input>|<eval>/.test(line));
    return lines.map((line) => "    " + line.trim()).join("\n");
  }

  /** What was called, where the engine only says that it is no function: its stack points at the name. */
  function called(stack) {
    const [, file, line, column] = /^\s*at .*?([^\s(]+):([0-9]+):([0-9]+)\)?\n/.exec(stack) || [];
    const source = file === undefined || usher.sourceLine === undefined ? undefined : usher.sourceLine(file, Number(line));
    const name = source === undefined ? null : /^([\p{L}_$][\p{L}\p{N}_$]*)\s*(?:\?\.)?\(/u.exec(source.slice(column - 1));
    return name === null ? "not a function" : `'${name[1]}' is not a function`;
  }

  /** The stack as the engine writes it. */
  function written(sites) {
    let stack = "";
    for (let index = 0; index < sites.length; index++) {
      const site = sites[index];
      const place = site.isNative() ? "native" : `${site.getFileName()}:${site.getLineNumber()}:${site.getColumnNumber()}`;
      // A mistake in the syntax is in a file, and in no function.
      stack += site.getFunction() === null ? `    at ${place}\n` : `    at ${site.getFunctionName() || "<anonymous>"} (${place})\n`;
    }
    return stack;
  }
  // The engine asks for the stack of every error that is made, which is where the text changes for those who catch it.
  Error.prepareStackTrace = function (error, sites) {
    const stack = written(sites);
    if (error instanceof TypeError || error instanceof ReferenceError) {
      const message = translate(error.name, error.message, stack);
      if (message !== error.message) error.message = message;
    }
    return stack;
  };

  const text = (value, otherwise) => (typeof value === "string" ? value : value === undefined ? otherwise : String(value));

  function ofError(thrown) {
    const name = text(thrown.name, "Error");
    const stack = String(thrown.stack);
    const message = translate(name, text(thrown.message, ""), stack);
    // What the host says is passed on as it is: `(BadValue) cannot compare to undefined`.
    const code = typeof thrown.usherCode === "string" ? thrown.usherCode : undefined;
    const told = code !== undefined ? message : message === "" ? name : `${name}: ${message}`;
    return { name, message: told, stack: frames(stack), code };
  }

  /** Of a circle, or of something whose properties throw in turn. */
  function undescribed(thrown) {
    try {
      if (!(thrown instanceof Error)) return usher.inspect(thrown);
    } catch {
      // A proxy may refuse everything.
    }
    return "what was thrown cannot be described";
  }

  /**
   * `{name, message, stack, code}` of whatever was thrown. The message is for the client: `<name>: <message>` of an error, a
   * string itself, Extended JSON of anything else. `code` is there for errors of the host (`usherCode`).
   */
  usher.describe = function (thrown) {
    try {
      if (thrown instanceof Error) return ofError(thrown);
      if (typeof thrown === "string") return { name: "Error", message: thrown, stack: "", code: undefined };
      const isObject = typeof thrown === "object" && thrown !== null;
      // An error of another kind of class, or one that lost its class.
      if (isObject && typeof thrown.message === "string" && typeof thrown.stack === "string") return ofError(thrown);
      const plain = isObject || typeof thrown === "boolean" || typeof thrown === "number";
      const message = plain && thrown !== null ? host.ejsonStringify(thrown, true) : String(thrown);
      return { name: "Error", message, stack: "", code: undefined };
    } catch {
      return { name: "Error", message: undescribed(thrown), stack: "", code: undefined };
    }
  };
})
