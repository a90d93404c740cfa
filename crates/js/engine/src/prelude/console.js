// The global `console`: lines of the app's log, with values as a person reads them.
(function (host, usher) {
  "use strict";

  // Bounds of what one value may print: a log line is cut at 8 KiB anyway.
  const DEPTH = 6;
  const MEMBERS = 100;
  const CHARACTERS = 8192;
  const BYTES = 64;

  const NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
  const key = (name) => (typeof name === "symbol" ? `[${String(name)}]` : NAME.test(name) ? name : JSON.stringify(name));

  /** BSON values as one would write them; undefined for anything else. */
  function bson(value) {
    switch (value._bsontype) {
      case "ObjectId":
      case "ObjectID": return `ObjectId("${value}")`;
      case "Long":
      case "Decimal128":
      case "Timestamp": return `${value._bsontype}("${value}")`;
      case "Int32":
      case "Double": return String(value.value);
      case "Binary":
        if (value.sub_type === 4 && value.buffer.length === 16) return `UUID("${new usher.bson.UUID(value.buffer)}")`;
        return `Binary("${host.base64(value.buffer.slice(0, BYTES))}"${value.buffer.length > BYTES ? ", …" : ""})`;
      case "BSONRegExp": return `/${value.pattern}/${value.options}`;
      case "BSONSymbol": return `Symbol(${JSON.stringify(value.value)})`;
      case "MinKey":
      case "MaxKey": return `${value._bsontype}()`;
    }
    return undefined;
  }
  function ofError(error) {
    const { message, stack } = usher.describe(error);
    return stack === "" ? message : `${message}\n${stack}`;
  }

  /** `room` counts the characters that are left; `path` holds the objects that are being printed. */
  function inspect(value, path, room) {
    switch (typeof value) {
      case "string": return JSON.stringify(value.length > CHARACTERS ? value.slice(0, CHARACTERS) + "…" : value);
      case "function": {
        const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "Function";
        return `[${kind} ${value.name || "(anonymous)"}]`;
      }
      case "bigint": return `${value}n`;
      case "number": return Object.is(value, -0) ? "-0" : String(value);
      case "object": if (value !== null) break;
      default: return String(value);
    }
    if (path.includes(value)) return "[Circular]";
    if (typeof value._bsontype === "string") {
      const text = bson(value);
      if (text !== undefined) return text;
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (value instanceof RegExp) return String(value);
    if (value instanceof Error) return ofError(value);
    if (value instanceof Promise) return "Promise {}";
    const wrapped = value instanceof Number || value instanceof String || value instanceof Boolean;
    if (wrapped) return inspect(value.valueOf(), path, room);
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
    const name = value.constructor && value.constructor !== Object && value.constructor.name ? value.constructor.name : "";
    if (path.length >= DEPTH) return Array.isArray(value) ? "[Array]" : `[${name || "Object"}]`;
    path.push(value);
    try {
      const member = (each) => inspect(each, path, room);
      if (value instanceof Map) {
        return list(`Map(${value.size}) {`, "}", value, ([from, to]) => `${member(from)} => ${member(to)}`, room);
      }
      if (value instanceof Set) return list(`Set(${value.size}) {`, "}", value, member, room);
      if (Array.isArray(value)) return list("[", "]", value, member, room);
      const open = name === "" ? "{" : `${name} {`;
      return list(open, "}", Object.keys(value), (each) => `${key(each)}: ${member(value[each])}`, room);
    } finally {
      path.pop();
    }
  }
  function list(open, close, members, print, room) {
    const parts = [];
    for (const member of members) {
      if (parts.length >= MEMBERS || room.left <= 0) {
        parts.push("…");
        break;
      }
      const part = print(member);
      room.left -= part.length + 2;
      parts.push(part);
    }
    const spaced = open.endsWith("{") && parts.length > 0 ? " " : "";
    return open + spaced + parts.join(", ") + spaced + close;
  }
  function show(value) {
    try {
      return inspect(value, [], { left: CHARACTERS });
    } catch (error) {
      return `[cannot be shown: ${usher.describe(error).message}]`;
    }
  }
  usher.inspect = show;

  function json(value) {
    try {
      return String(JSON.stringify(value));
    } catch {
      return show(value);
    }
  }
  const plain = (value) => (typeof value === "string" ? value : show(value));
  function format(values) {
    if (values.length === 1) return plain(values[0]);
    let next = 0;
    let line = "";
    if (typeof values[0] === "string" && values[0].includes("%")) {
      next = 1;
      line = values[0].replace(/%[sdifjoOc%]/g, (mark) => {
        if (mark === "%%") return "%";
        if (next >= values.length) return mark;
        const value = values[next++];
        switch (mark) {
          case "%s": return plain(value);
          case "%d": return String(Number(value));
          case "%i": return String(Math.trunc(Number(value)));
          case "%f": return String(parseFloat(value));
          case "%j": return json(value);
          case "%c": return "";
          default: return show(value);
        }
      });
    }
    for (let index = next; index < values.length; index++) line += (index === 0 ? "" : " ") + plain(values[index]);
    return line;
  }
  usher.format = (...values) => format(values);

  const counters = new Map();
  const started = new Map();
  let indent = "";
  function write(level, text) {
    host.log(level, indent === "" ? text : indent + text.replaceAll("\n", "\n" + indent));
  }
  const line = (level) => (...values) => write(level, format(values));
  function table(rows) {
    if (typeof rows !== "object" || rows === null) return write("info", plain(rows));
    for (const name of Object.keys(rows)) write("info", `${name}: ${show(rows[name])}`);
  }

  usher.define("console", {
    log: line("info"),
    info: line("info"),
    debug: line("debug"),
    warn: line("warn"),
    error: line("error"),
    dir: (value) => write("info", show(value)),
    table,
    trace(...values) {
      const { stack } = usher.describe(new Error());
      write("info", `Trace: ${format(values)}${stack === "" ? "" : "\n" + stack}`);
    },
    assert(condition, ...values) {
      if (!condition) write("error", values.length === 0 ? "Assertion failed" : `Assertion failed: ${format(values)}`);
    },
    count(label = "default") {
      counters.set(label, (counters.get(label) || 0) + 1);
      write("info", `${label}: ${counters.get(label)}`);
    },
    countReset: (label = "default") => void counters.delete(label),
    group(...values) {
      if (values.length > 0) write("info", format(values));
      indent += "  ";
    },
    groupEnd() { indent = indent.slice(2); },
    time(label = "default") {
      host.touch();
      started.set(label, Date.now());
    },
    timeEnd(label = "default") {
      if (started.has(label)) write("info", `${label}: ${Date.now() - started.get(label)} ms`);
      started.delete(label);
    },
  });
})
