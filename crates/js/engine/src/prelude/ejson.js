// The global `EJSON`: Extended JSON v2, canonical unless asked otherwise (reference 5.3).
(function (host, usher) {
  "use strict";

  const isObject = (value) => typeof value === "object" && value !== null;

  const EJSON = {
    parse: (text) => host.ejsonParse(String(text)),
    /** As `JSON.stringify`, with options in any place after the value: `{relaxed: true}`. */
    stringify(value, replacer, space, options) {
      if (isObject(space)) [options, space] = [space, undefined];
      if (isObject(replacer) && !Array.isArray(replacer)) [options, replacer] = [replacer, undefined];
      if (value === undefined || typeof value === "function") return undefined;
      const text = host.ejsonStringify(value, isObject(options) && options.relaxed === true);
      if (replacer === undefined && space === undefined) return text;
      return JSON.stringify(JSON.parse(text), replacer, space);
    },
    /** The plain object whose JSON is the value's Extended JSON, and back. */
    serialize: (value, options) => JSON.parse(EJSON.stringify(value, options)),
    deserialize: (value) => EJSON.parse(JSON.stringify(value)),
  };
  usher.define("EJSON", EJSON);
})
