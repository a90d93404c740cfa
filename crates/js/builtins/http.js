// Node's `http` and `https` as clients, over `fetch` and so over the grants of the function. A request is sent when it is
// ended, a response arrives whole: what software kits ask of these modules, not what servers and proxies do.
const { Buffer } = require("buffer");
const { EventEmitter } = require("events");
const { Readable, Writable } = require("stream");

const STATUS_CODES = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
  302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
  400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
  405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
  413: "Payload Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",
  500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
  504: "Gateway Timeout",
};
const METHODS = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
// The sender of the request sets these by itself.
const OURS = ["connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"];

class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    Object.assign(this, { options, sockets: {}, requests: {}, maxSockets: Infinity });
  }
  destroy() {}
}

// Stands where packages look for a socket to set a time limit or to watch a connection.
function socket() {
  const self = new EventEmitter();
  for (const name of ["setTimeout", "setKeepAlive", "setNoDelay", "ref", "unref"]) self[name] = () => self;
  return Object.assign(self, { connecting: false, writable: true, destroyed: false, destroy() {} });
}

class IncomingMessage extends Readable {
  constructor(response, body) {
    super();
    this.statusCode = response.status;
    this.statusMessage = response.statusText || STATUS_CODES[response.status] || "";
    this.httpVersion = "1.1";
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.headers = {};
    this.rawHeaders = [];
    this.trailers = {};
    this.complete = true;
    this.socket = this.connection = socket();
    const cookies = response.headers.getSetCookie ? response.headers.getSetCookie() : [];
    response.headers.forEach((value, name) => {
      if (name.toLowerCase() === "set-cookie" && cookies.length > 0) return;
      this.headers[name.toLowerCase()] = name.toLowerCase() === "set-cookie" ? [value] : value;
      this.rawHeaders.push(name, value);
    });
    if (cookies.length > 0) this.headers["set-cookie"] = cookies;
    for (const cookie of cookies) this.rawHeaders.push("Set-Cookie", cookie);
    this.body = body;
  }
  _read() {
    if (this.body && this.body.length > 0) this.push(this.body);
    this.body = null;
    this.push(null);
  }
  setTimeout() {
    return this;
  }
}

class ClientRequest extends Writable {
  constructor(protocol, options, listener) {
    // It lives on after its end, until the response is there.
    super({ autoDestroy: false });
    this.method = (options.method || "GET").toUpperCase();
    this.protocol = options.protocol || protocol;
    const host = options.hostname || String(options.host || "localhost").replace(/:\d+$/, "");
    const port = options.port && String(options.port) !== (this.protocol === "https:" ? "443" : "80") ? `:${options.port}` : "";
    this.host = host;
    this.path = options.path || "/";
    this.url = `${this.protocol}//${host}${port}${this.path}`;
    this.fields = new Map();
    this.parts = [];
    this.aborted = false;
    this.headersSent = false;
    this.socket = this.connection = socket();
    for (const [name, value] of Object.entries(options.headers || {})) if (value !== undefined) this.setHeader(name, value);
    if (options.auth) this.setHeader("Authorization", "Basic " + Buffer.from(options.auth).toString("base64"));
    if (listener) this.once("response", listener);
    if (options.timeout) this.setTimeout(options.timeout);
    if (options.signal) options.signal.addEventListener("abort", () => this.abort());
    queueMicrotask(() => this.emit("socket", this.socket));
  }
  setHeader(name, value) {
    this.fields.set(String(name).toLowerCase(), [name, value]);
    return this;
  }
  getHeader(name) {
    const field = this.fields.get(String(name).toLowerCase());
    return field && field[1];
  }
  hasHeader(name) {
    return this.fields.has(String(name).toLowerCase());
  }
  removeHeader(name) {
    this.fields.delete(String(name).toLowerCase());
  }
  getHeaders() {
    return Object.fromEntries([...this.fields].map(([name, field]) => [name, field[1]]));
  }
  getHeaderNames() {
    return [...this.fields.keys()];
  }
  flushHeaders() {}
  setNoDelay() {}
  setSocketKeepAlive() {}
  setTimeout(milliseconds, listener) {
    if (listener) this.once("timeout", listener);
    clearTimeout(this.timer);
    if (milliseconds > 0) this.timer = setTimeout(() => this.emit("timeout"), milliseconds);
    return this;
  }
  abort() {
    if (this.aborted) return;
    this.aborted = true;
    this.emit("abort");
    this.destroy(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));
  }
  _write(part, encoding, done) {
    this.parts.push(Buffer.isBuffer(part) ? part : Buffer.from(part, encoding));
    done();
  }
  _destroy(error, done) {
    clearTimeout(this.timer);
    done(error);
  }
  _final(done) {
    done();
    this.headersSent = true;
    this.send().catch((error) => {
      if (!this.destroyed) this.destroy(Object.assign(error, { code: error.code || "ECONNREFUSED" }));
    });
  }
  async send() {
    const headers = [];
    for (const [key, [name, value]] of this.fields) {
      if (OURS.includes(key)) continue;
      for (const one of Array.isArray(value) ? value : [value]) headers.push([String(name), String(one)]);
    }
    const bare = this.method === "GET" || this.method === "HEAD";
    const body = bare || this.parts.length === 0 ? undefined : Buffer.concat(this.parts);
    const response = await fetch(this.url, { method: this.method, headers, body, redirect: "manual" });
    const message = new IncomingMessage(response, Buffer.from(await response.arrayBuffer()));
    clearTimeout(this.timer);
    if (this.destroyed) return;
    message.req = this;
    this.res = message;
    // Nobody who listens: the body is thrown away, as Node does.
    if (!this.emit("response", message)) message.resume();
    message.once("end", () => this.emit("close"));
  }
}

// The arguments of `request`: `(url, options, listener)`, where any but one may be missing.
function given(url, options, listener) {
  if (typeof url === "string") url = new URL(url);
  if (url && url.href && typeof url.pathname === "string" && url.searchParams) {
    const auth = url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined;
    const parts = { protocol: url.protocol, hostname: url.hostname, port: url.port, path: url.pathname + url.search };
    url = auth ? { ...parts, auth } : parts;
  } else {
    [url, options, listener] = [{}, url, options];
  }
  if (typeof options === "function") [options, listener] = [{}, options];
  return [{ ...url, ...options }, listener];
}

function client(protocol) {
  const globalAgent = Object.assign(new Agent(), { protocol });
  function request(...all) {
    const [options, listener] = given(...all);
    return new ClientRequest(protocol, options, listener);
  }
  return {
    Agent, ClientRequest, IncomingMessage, METHODS, STATUS_CODES, globalAgent, request,
    maxHeaderSize: 16384,
    OutgoingMessage: Writable,
    ServerResponse: Writable,
    Server: class Server {},
    get(...all) {
      const sent = request(...all);
      sent.end();
      return sent;
    },
    createServer() {
      throw new Error("a function cannot be a server; it is called by its clients");
    },
  };
}

module.exports = { ...client("http:"), client };
