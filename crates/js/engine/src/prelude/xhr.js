// `XMLHttpRequest`, for packages that look for a browser's (axios among them). It is always asynchronous.
(function (host, usher) {
  "use strict";

  const [UNSENT, OPENED, HEADERS, LOADING, DONE] = [0, 1, 2, 3, 4];

  class XMLHttpRequest extends EventTarget {
    #method;
    #url;
    #headers = {};
    #answer;
    #sending;
    #error = false;
    readyState = UNSENT;
    responseType = "";
    responseURL = "";
    timeout = 0;
    withCredentials = false;
    upload = new EventTarget();
    onreadystatechange = null;
    onloadstart = null;
    onprogress = null;
    onload = null;
    onloadend = null;
    onerror = null;
    ontimeout = null;
    onabort = null;

    open(method, url, asynchronous = true) {
      if (!asynchronous) throw new DOMException("a synchronous XMLHttpRequest is not available", "InvalidAccessError");
      this.#method = String(method).toUpperCase();
      this.#url = new URL(String(url)).href;
      this.#headers = {};
      this.#answer = this.#sending = undefined;
      this.#state(OPENED);
    }
    setRequestHeader(name, value) {
      if (this.readyState !== OPENED) throw new DOMException("call open() before setRequestHeader()", "InvalidStateError");
      const key = String(name).toLowerCase();
      (this.#headers[key] || (this.#headers[key] = [])).push(String(value));
    }
    overrideMimeType() {}

    send(body) {
      if (this.readyState !== OPENED || this.#sending) throw new DOMException("call open() before send()", "InvalidStateError");
      host.touch();
      const given = this.#method === "GET" || this.#method === "HEAD" ? undefined : usher.bodyOf(body);
      if (given !== undefined && given.type !== undefined && this.#headers["content-type"] === undefined) {
        this.#headers["content-type"] = [given.type];
      }
      const sending = (this.#sending = {});
      this.#error = false;
      this.#event("loadstart");
      if (this.timeout > 0) sending.timer = setTimeout(() => this.#end(sending, "timeout"), this.timeout);
      const sent = new Promise((resolve) =>
        resolve(usher.send(this.#method, this.#url, this.#headers, given === undefined ? undefined : given.bytes, true)));
      sent.then(
        (answer) => this.#end(sending, "load", answer),
        (error) => this.#end(sending, "error", undefined, error),
      );
    }
    abort() {
      if (this.#sending) this.#end(this.#sending, "abort");
      this.readyState = UNSENT;
    }
    #end(sending, type, answer, error) {
      // A late answer to what was aborted, or timed out.
      if (this.#sending !== sending) return;
      this.#sending = undefined;
      clearTimeout(sending.timer);
      this.#answer = answer;
      this.#error = answer === undefined;
      if (answer !== undefined) {
        this.responseURL = this.#url;
        this.#state(HEADERS);
        this.#state(LOADING);
      } else if (error !== undefined) {
        // The standard hides the reason; a person needs it.
        host.log("warn", `${this.#method} ${this.#url} failed: ${error.message}`);
      }
      this.#state(DONE);
      this.#event(type, error === undefined ? undefined : error.message);
      this.#event("loadend");
    }
    #state(state) {
      this.readyState = state;
      this.#event("readystatechange");
    }
    #event(type, message) {
      const length = this.#answer === undefined ? 0 : this.#answer.body.buffer.length;
      this.dispatchEvent(Object.assign(new Event(type), { loaded: length, total: length, lengthComputable: true, message }));
    }

    get status() { return this.#answer === undefined ? 0 : this.#answer.statusCode; }
    get statusText() { return this.#answer === undefined ? "" : this.#answer.status.replace(/^[0-9]+ ?/, ""); }
    getResponseHeader(name) {
      if (this.#answer === undefined) return null;
      const wanted = String(name).toLowerCase();
      const found = Object.keys(this.#answer.headers).find((each) => each.toLowerCase() === wanted);
      return found === undefined ? null : this.#answer.headers[found].join(", ");
    }
    getAllResponseHeaders() {
      if (this.#answer === undefined) return "";
      const { headers } = this.#answer;
      return Object.keys(headers).sort().map((name) => `${name.toLowerCase()}: ${headers[name].join(", ")}\r\n`).join("");
    }
    get responseText() {
      if (this.responseType !== "" && this.responseType !== "text") {
        throw new DOMException("responseText is for the response types '' and 'text'", "InvalidStateError");
      }
      return this.#answer === undefined ? "" : this.#answer.body.text();
    }
    get responseXML() { return null; }
    get response() {
      if (this.responseType === "" || this.responseType === "text") return this.responseText;
      if (this.#answer === undefined || this.#error) return null;
      const { buffer } = this.#answer.body;
      if (this.responseType === "arraybuffer") return usher.exactBuffer(buffer);
      if (this.responseType === "blob") return new Blob([buffer], { type: this.getResponseHeader("content-type") || "" });
      if (this.responseType !== "json") return null;
      try {
        return JSON.parse(host.text(buffer));
      } catch {
        return null;
      }
    }
    get [Symbol.toStringTag]() { return "XMLHttpRequest"; }
  }
  const states = { UNSENT, OPENED, HEADERS_RECEIVED: HEADERS, LOADING, DONE };
  usher.methods(XMLHttpRequest, states);
  usher.methods(XMLHttpRequest.prototype, states);
  usher.define("XMLHttpRequest", XMLHttpRequest);
})
