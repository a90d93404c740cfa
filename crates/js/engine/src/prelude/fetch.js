// The global `fetch` with its `Headers`, `Request` and `Response`. It reaches what `context.http` reaches.
(function (host, usher) {
  "use strict";

  class Headers {
    #lists = new Map();
    constructor(init) {
      if (init === undefined || init === null) return;
      if (init instanceof Headers) for (const [name, list] of init.#lists) this.#lists.set(name, [...list]);
      else if (typeof init[Symbol.iterator] === "function") for (const [name, value] of init) this.append(name, value);
      else for (const name of Object.keys(init)) for (const value of [init[name]].flat()) this.append(name, value);
    }
    static #name(name) {
      const text = String(name).toLowerCase();
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(text)) throw new TypeError(`${JSON.stringify(String(name))} is not a header's name`);
      return text;
    }
    append(name, value) {
      const key = Headers.#name(name);
      if (!this.#lists.has(key)) this.#lists.set(key, []);
      this.#lists.get(key).push(String(value).trim());
    }
    set(name, value) { this.#lists.set(Headers.#name(name), [String(value).trim()]); }
    delete(name) { this.#lists.delete(Headers.#name(name)); }
    has(name) { return this.#lists.has(Headers.#name(name)); }
    get(name) {
      const list = this.#lists.get(Headers.#name(name));
      return list === undefined ? null : list.join(", ");
    }
    getSetCookie() { return [...(this.#lists.get("set-cookie") || [])]; }
    forEach(visit, self) { for (const [name, value] of this) visit.call(self, value, name, this); }
    *entries() { for (const name of [...this.#lists.keys()].sort()) yield [name, this.get(name)]; }
    *keys() { for (const [name] of this) yield name; }
    *values() { for (const [, value] of this) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get [Symbol.toStringTag]() { return "Headers"; }
    static { usher.headerLists = (headers) => Object.fromEntries(headers.#lists); }
  }

  class Body {
    #bytes;
    #used = false;
    constructor(bytes) { this.#bytes = bytes; }
    static { usher.bodyBytes = (body) => body.#bytes; }
    get body() { return null; }
    get bodyUsed() { return this.#used; }
    async #take() {
      if (this.#used) throw new TypeError("the body was read before");
      this.#used = this.#bytes !== undefined;
      return this.#bytes === undefined ? new Uint8Array(0) : this.#bytes;
    }
    async text() { return host.text(await this.#take()).replace(/^\ufeff/, ""); }
    async json() { return JSON.parse(await this.text()); }
    async bytes() { return (await this.#take()).slice(); }
    async arrayBuffer() { return usher.exactBuffer(await this.#take()); }
    async blob() { return new Blob([await this.#take()], { type: this.headers.get("content-type") || "" }); }
    async formData() {
      if (!/^application\/x-www-form-urlencoded/i.test(this.headers.get("content-type") || "")) {
        throw new TypeError("only application/x-www-form-urlencoded can be read as form data");
      }
      const form = new FormData();
      for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
      return form;
    }
  }

  const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
  class Request extends Body {
    constructor(input, init = {}) {
      const from = input instanceof Request ? input : undefined;
      const given = usher.bodyOf(init.body);
      super(given !== undefined ? given.bytes : from === undefined ? undefined : usher.bodyBytes(from));
      const method = String(init.method !== undefined ? init.method : from === undefined ? "GET" : from.method);
      this.method = METHODS.includes(method.toUpperCase()) ? method.toUpperCase() : method;
      this.url = from === undefined ? new URL(String(input)).href : from.url;
      this.headers = new Headers(init.headers !== undefined ? init.headers : from === undefined ? undefined : from.headers);
      if (given !== undefined && given.type !== undefined && !this.headers.has("content-type")) {
        this.headers.set("content-type", given.type);
      }
      if (usher.bodyBytes(this) !== undefined && (this.method === "GET" || this.method === "HEAD")) {
        throw new TypeError(`a request with the method ${this.method} cannot have a body`);
      }
      this.redirect = init.redirect !== undefined ? init.redirect : from === undefined ? "follow" : from.redirect;
      this.signal = init.signal !== undefined ? init.signal : from === undefined ? null : from.signal;
    }
    clone() { return new Request(this); }
    get [Symbol.toStringTag]() { return "Request"; }
  }

  class Response extends Body {
    constructor(body, init = {}) {
      const given = usher.bodyOf(body);
      super(given === undefined ? undefined : given.bytes);
      this.status = init.status === undefined ? 200 : Number(init.status);
      if (!(this.status >= 100 && this.status <= 599)) throw new RangeError(`${init.status} is not the status of a response`);
      this.statusText = init.statusText === undefined ? "" : String(init.statusText);
      this.headers = new Headers(init.headers);
      if (given !== undefined && given.type !== undefined && !this.headers.has("content-type")) {
        this.headers.set("content-type", given.type);
      }
      this.url = "";
      this.type = "default";
      this.redirected = false;
    }
    get ok() { return this.status >= 200 && this.status <= 299; }
    clone() {
      if (this.bodyUsed) throw new TypeError("the body was read before");
      const copy = new Response(usher.bodyBytes(this), this);
      copy.url = this.url;
      copy.type = this.type;
      return copy;
    }
    static json(value, init = {}) {
      const response = new Response(JSON.stringify(value), init);
      if (!new Headers(init.headers).has("content-type")) response.headers.set("content-type", "application/json");
      return response;
    }
    static error() {
      const response = new Response(null);
      response.type = "error";
      response.status = 0;
      return response;
    }
    static redirect(url, status = 302) { return new Response(null, { status, headers: { location: new URL(url).href } }); }
    get [Symbol.toStringTag]() { return "Response"; }
  }

  /**
   * Sends a request for whichever function is running. `lists` are headers with lists of values, `bytes` the body or
   * undefined. Answers the host's response.
   */
  usher.send = function (method, url, lists, bytes, followRedirects) {
    host.touch();
    const address = new URL(url);
    const headers = { ...lists };
    if (address.username !== "" || address.password !== "") {
      const user = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
      address.username = address.password = "";
      if (headers.authorization === undefined) headers.authorization = ["Basic " + host.base64(host.utf8(user))];
    }
    address.hash = "";
    const request = { method, url: address.href, headers, followRedirects };
    if (bytes !== undefined) request.body = new usher.bson.Binary(bytes);
    return host.fetch(usher.acting(), request);
  };

  function aborted(signal) {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }
  async function perform(request) {
    const { signal } = request;
    if (signal) signal.throwIfAborted();
    let answer;
    try {
      const headers = usher.headerLists(request.headers);
      const sent = usher.send(request.method, request.url, headers, usher.bodyBytes(request), request.redirect === "follow");
      answer = await (signal ? Promise.race([sent, aborted(signal)]) : sent);
    } catch (error) {
      if (signal && signal.aborted) throw signal.reason;
      throw Object.assign(new TypeError(`fetch failed: ${error.message}`, { cause: error }), { code: error.code });
    }
    if (request.redirect === "error" && answer.statusCode >= 300 && answer.statusCode <= 399) {
      throw new TypeError(`fetch failed: ${request.url} redirects`);
    }
    const empty = request.method === "HEAD" || [204, 205, 304].includes(answer.statusCode);
    const response = new Response(empty ? null : answer.body.buffer, {
      status: answer.statusCode, statusText: answer.status.replace(/^[0-9]+ ?/, ""), headers: answer.headers,
    });
    response.url = request.url;
    response.type = "basic";
    return response;
  }
  function fetch(input, init) {
    host.touch();
    try {
      return perform(new Request(input, init));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  const globals = { Headers, Request, Response, fetch };
  for (const name of Object.keys(globals)) usher.define(name, globals[name]);
})
