// `URL` and `URLSearchParams`: the URL standard, as far as programs that speak HTTP need it. Names of hosts that are not
// ASCII stay as they are; the host of the sandbox translates them.
(function (host, usher) {
  "use strict";

  const DEFAULT_PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
  const invalid = (text) => new TypeError(`Invalid URL: ${JSON.stringify(text)}`);

  const HEX = "0123456789ABCDEF";
  function percent(character) {
    let text = "";
    for (const byte of host.utf8(character)) text += "%" + HEX[byte >> 4] + HEX[byte & 15];
    return text;
  }
  // What each part of a URL cannot hold as it is.
  const FRAGMENT = /[\0-\x20"<>`\x7f-\u{10ffff}]/gu;
  const QUERY = /[\0-\x20"#'<>\x7f-\u{10ffff}]/gu;
  const PATH = /[\0-\x20"#<>?^`{}\x7f-\u{10ffff}]/gu;
  const USER = /[\0-\x20"#/:;<=>?@[\\\]^`{|}\x7f-\u{10ffff}]/gu;
  const encode = (text, set) => text.replace(set, percent);

  function decode(text) {
    if (!text.includes("%")) return text;
    try {
      return decodeURIComponent(text);
    } catch {
      // Stray percent signs, or bytes that are not UTF-8.
      const bytes = [];
      for (const part of text.match(/%[0-9a-fA-F]{2}|[^%]+|%/g)) {
        if (/^%[0-9a-fA-F]{2}$/.test(part)) bytes.push(parseInt(part.slice(1), 16));
        else bytes.push(...host.utf8(part));
      }
      return host.text(Uint8Array.from(bytes));
    }
  }
  const encodeForm = (text) =>
    encodeURIComponent(text.toWellFormed()).replace(/[!'()~]/g, percent).replace(/%20/g, "+");
  const decodeForm = (text) => decode(text.replaceAll("+", " "));

  class URLSearchParams {
    #pairs = [];
    #changed;
    constructor(init, changed) {
      this.#changed = typeof changed === "function" ? changed : undefined;
      if (init === undefined || init === null) return;
      if (typeof init === "object" && typeof init[Symbol.iterator] === "function") {
        for (const pair of init) {
          const [name, value, ...rest] = pair;
          if (value === undefined || rest.length > 0) throw new TypeError("URLSearchParams needs pairs of a name and a value");
          this.#pairs.push([String(name), String(value)]);
        }
      } else if (typeof init === "object") {
        for (const name of Object.keys(init)) this.#pairs.push([name, String(init[name])]);
      } else {
        this.#parse(String(init));
      }
    }
    #parse(text) {
      this.#pairs = [];
      for (const part of text.replace(/^\?/, "").split("&")) {
        if (part === "") continue;
        const at = part.indexOf("=");
        this.#pairs.push(at < 0 ? [decodeForm(part), ""] : [decodeForm(part.slice(0, at)), decodeForm(part.slice(at + 1))]);
      }
    }
    static { usher.parseSearch = (params, text) => params.#parse(text); }
    #change() { if (this.#changed !== undefined) this.#changed(this.toString()); }

    get size() { return this.#pairs.length; }
    append(name, value) {
      this.#pairs.push([String(name), String(value)]);
      this.#change();
    }
    delete(name, value) {
      this.#pairs = this.#pairs.filter((pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)));
      this.#change();
    }
    get(name) {
      const pair = this.#pairs.find((each) => each[0] === String(name));
      return pair === undefined ? null : pair[1];
    }
    getAll(name) { return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]); }
    has(name, value) {
      return this.#pairs.some((pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value)));
    }
    set(name, value) {
      const first = this.#pairs.find((pair) => pair[0] === String(name));
      if (first === undefined) return this.append(name, value);
      first[1] = String(value);
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== String(name));
      this.#change();
    }
    sort() {
      this.#pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
      this.#change();
    }
    forEach(visit, self) { for (const [name, value] of this) visit.call(self, value, name, this); }
    *entries() { for (const [name, value] of this.#pairs) yield [name, value]; }
    *keys() { for (const [name] of this.#pairs) yield name; }
    *values() { for (const [, value] of this.#pairs) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#pairs.map(([name, value]) => `${encodeForm(name)}=${encodeForm(value)}`).join("&"); }
    get [Symbol.toStringTag]() { return "URLSearchParams"; }
  }

  function hostname(text, special) {
    if (!special) return encode(text, /[\0-\x1f\x7f-\u{10ffff}]/gu);
    if (text.startsWith("[")) {
      if (!/^\[[0-9a-fA-F:.]+\]$/.test(text)) throw invalid(text);
      return text.toLowerCase();
    }
    const name = decode(text).toLowerCase();
    if (name === "" || /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/.test(name)) throw invalid(text);
    return name;
  }
  function portOf(text, protocol) {
    if (text === "") return "";
    if (!/^[0-9]+$/.test(text) || Number(text) > 65535) throw invalid(text);
    const port = String(Number(text));
    return DEFAULT_PORTS[protocol] === port ? "" : port;
  }
  /** The path without its dots, as a browser resolves it. */
  function normalPath(path) {
    const parts = [];
    const given = path.split("/").slice(1);
    given.forEach((part, index) => {
      const last = index === given.length - 1;
      const plain = part.replace(/%2e/gi, ".");
      if (plain === "..") {
        parts.pop();
        if (last) parts.push("");
      } else if (plain === ".") {
        if (last) parts.push("");
      } else {
        parts.push(part);
      }
    });
    return "/" + parts.join("/");
  }

  class URL {
    #protocol = "";
    #username = "";
    #password = "";
    #hostname = null;
    #port = "";
    #pathname = "";
    #search = "";
    #hash = "";
    #params;

    constructor(text, base) {
      const given = String(text).toWellFormed().replace(/^[\0-\x20]+|[\0-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
      const absolute = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(given);
      if (absolute !== null) {
        this.#protocol = absolute[0].toLowerCase();
        this.#read(given.slice(absolute[0].length), text);
      } else {
        if (base === undefined) throw invalid(text);
        this.#resolve(given, base instanceof URL ? base : new URL(base), text);
      }
    }
    get #special() { return Object.hasOwn(DEFAULT_PORTS, this.#protocol); }

    #read(rest, text) {
      let [, path, search = "", hash = ""] = /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(rest);
      if (this.#special) {
        path = "//" + path.replace(/\\/g, "/").replace(/^\/*/, "");
      }
      if (path.startsWith("//")) {
        const [, authority, remainder] = /^\/\/([^/]*)([^]*)$/.exec(path);
        this.#authority(authority, text);
        path = remainder;
      }
      this.#tail(path, search, hash);
    }
    #authority(authority, text) {
      const at = authority.lastIndexOf("@");
      if (at >= 0) {
        const [, user, password = ""] = /^([^:]*)(?::([^]*))?$/.exec(authority.slice(0, at));
        this.#username = encode(user, USER);
        this.#password = encode(password, USER);
      }
      const parts = /^(\[[^\]]*\]|[^:]*)(?::([^]*))?$/.exec(authority.slice(at + 1));
      if (parts === null) throw invalid(text);
      this.#hostname = hostname(parts[1], this.#special);
      this.#port = portOf(parts[2] || "", this.#protocol);
    }
    #tail(path, search, hash) {
      if (this.#hostname === null && !path.startsWith("/")) this.#pathname = path;
      else if (path === "" && !this.#special) this.#pathname = "";
      else this.#pathname = normalPath(encode(path.startsWith("/") ? path : "/" + path, PATH));
      this.#search = search === "" ? "" : "?" + encode(search.slice(1), QUERY);
      this.#hash = hash === "" ? "" : "#" + encode(hash.slice(1), FRAGMENT);
    }
    #resolve(given, base, text) {
      this.#protocol = base.#protocol;
      const relative = this.#special ? given.replace(/^[^?#]*/, (path) => path.replace(/\\/g, "/")) : given;
      if (relative.startsWith("//")) return this.#read(relative, text);
      if (base.#hostname === null && !base.#pathname.startsWith("/") && !relative.startsWith("#")) throw invalid(text);
      this.#username = base.#username;
      this.#password = base.#password;
      this.#hostname = base.#hostname;
      this.#port = base.#port;
      const [, path, search, hash = ""] = /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(relative);
      if (path === "") {
        this.#tail("", search === undefined ? base.#search : search, hash);
        this.#pathname = base.#pathname;
      } else {
        const folder = base.#pathname.slice(0, base.#pathname.lastIndexOf("/") + 1) || "/";
        this.#tail(path.startsWith("/") ? path : folder + path, search || "", hash);
      }
    }

    static canParse(text, base) { return URL.parse(text, base) !== null; }
    static parse(text, base) {
      try {
        return new URL(text, base);
      } catch {
        return null;
      }
    }
    get protocol() { return this.#protocol; }
    set protocol(value) {
      const protocol = String(value).toLowerCase().replace(/:?$/, ":");
      if (Object.hasOwn(DEFAULT_PORTS, protocol) === this.#special) this.#protocol = protocol;
      this.#port = portOf(this.#port, this.#protocol);
    }
    get username() { return this.#username; }
    set username(value) { this.#username = encode(String(value), USER); }
    get password() { return this.#password; }
    set password(value) { this.#password = encode(String(value), USER); }
    get hostname() { return this.#hostname === null ? "" : this.#hostname; }
    set hostname(value) { this.#hostname = hostname(String(value), this.#special); }
    get port() { return this.#port; }
    set port(value) { this.#port = portOf(String(value), this.#protocol); }
    get host() { return this.hostname + (this.#port === "" ? "" : ":" + this.#port); }
    set host(value) {
      const [, name, port = ""] = /^(\[[^\]]*\]|[^:]*)(?::([^]*))?$/.exec(String(value)) || [];
      this.hostname = name;
      this.port = port;
    }
    get origin() { return this.#special ? `${this.#protocol}//${this.host}` : "null"; }
    get pathname() { return this.#pathname; }
    set pathname(value) {
      const path = String(value);
      this.#pathname = normalPath(encode(path.startsWith("/") ? path : "/" + path, PATH));
    }
    get search() { return this.#search === "?" ? "" : this.#search; }
    set search(value) {
      const search = String(value).replace(/^\??/, "?");
      this.#search = search === "?" ? "" : encode(search, QUERY);
      if (this.#params !== undefined) usher.parseSearch(this.#params, this.#search);
    }
    get searchParams() {
      if (this.#params === undefined) {
        this.#params = new URLSearchParams(this.#search, (text) => { this.#search = text === "" ? "" : "?" + text; });
      }
      return this.#params;
    }
    get hash() { return this.#hash === "#" ? "" : this.#hash; }
    set hash(value) {
      const hash = String(value).replace(/^#/, "");
      this.#hash = hash === "" ? "" : "#" + encode(hash, FRAGMENT);
    }
    get href() {
      const user = this.#username === "" && this.#password === ""
        ? "" : this.#username + (this.#password === "" ? "" : ":" + this.#password) + "@";
      const authority = this.#hostname === null ? "" : `//${user}${this.host}`;
      return this.#protocol + authority + this.#pathname + this.#search + this.#hash;
    }
    set href(value) {
      const url = new URL(value);
      this.#protocol = url.#protocol;
      this.#username = url.#username;
      this.#password = url.#password;
      this.#hostname = url.#hostname;
      this.#port = url.#port;
      this.#pathname = url.#pathname;
      this.#hash = url.#hash;
      this.search = url.#search;
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
    get [Symbol.toStringTag]() { return "URL"; }
  }

  usher.define("URL", URL);
  usher.define("URLSearchParams", URLSearchParams);
})
