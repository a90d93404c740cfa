// `context.http` (reference 5.4). The host holds every request to the app's grants.
(function (host, usher) {
  "use strict";

  const isObject = (value) => typeof value === "object" && value !== null;

  /** Headers as the host takes them: names with lists of texts. */
  function headersOf(given) {
    const headers = {};
    if (!isObject(given)) return headers;
    for (const name of Object.keys(given)) {
      const value = given[name];
      if (value !== undefined && value !== null) headers[name] = (Array.isArray(value) ? value : [value]).map(String);
    }
    return headers;
  }
  function find(headers, wanted) { return Object.keys(headers).find((name) => name.toLowerCase() === wanted); }
  function setDefault(headers, name, value) {
    if (find(headers, name.toLowerCase()) === undefined) headers[name] = [value];
  }

  function addQuery(url, query) {
    if (typeof query === "string") {
      url.search = query;
      return;
    }
    for (const name of Object.keys(query)) {
      for (const value of [query[name]].flat()) url.searchParams.append(name, value);
    }
  }
  function urlOf(options, method) {
    let url;
    if (options.url !== undefined && options.url !== null) {
      url = new URL(String(options.url));
    } else if (options.host !== undefined && options.host !== null) {
      url = new URL(`${String(options.scheme || "https").replace(/:?(\/\/)?$/, "")}://${options.host}`);
      if (options.path) url.pathname = String(options.path);
    } else {
      throw new Error(`context.http.${method} needs {url: "https://..."}, or {scheme, host, path}`);
    }
    if (options.query !== undefined && options.query !== null) addQuery(url, options.query);
    if (options.fragment) url.hash = String(options.fragment);
    return url;
  }
  /** Takes the user and password out of a URL, as the header that carries them. */
  function credentials(url) {
    if (url.username === "" && url.password === "") return undefined;
    const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    url.username = url.password = "";
    return "Basic " + host.base64(host.utf8(text));
  }

  function bodyOf(options, headers) {
    if (isObject(options.form)) {
      const form = new URLSearchParams();
      for (const name of Object.keys(options.form)) {
        for (const value of [options.form[name]].flat()) form.append(name, value);
      }
      setDefault(headers, "Content-Type", "application/x-www-form-urlencoded");
      return host.utf8(String(form));
    }
    const { body } = options;
    if (body === undefined || body === null) return undefined;
    const bytes = options.encodeBodyAsJSON === true ? undefined : usher.bytesOf(body);
    if (bytes !== undefined) return bytes;
    // Relaxed: plain values are plain JSON, and BSON values keep their types.
    if (options.encodeBodyAsJSON === true || isObject(body)) {
      setDefault(headers, "Content-Type", "application/json");
      return host.utf8(host.ejsonStringify(body, true));
    }
    return host.utf8(String(body));
  }

  function cookiesOf(headers) {
    const cookies = {};
    const name = find(headers, "set-cookie");
    for (const line of name === undefined ? [] : headers[name]) {
      const [, key, value] = /^\s*([^=;]*?)\s*=\s*([^;]*)/.exec(line) || [];
      if (key) cookies[key] = value;
    }
    return cookies;
  }
  const cookieHeader = (cookies) =>
    isObject(cookies) ? Object.keys(cookies).map((name) => `${name}=${cookies[name]}`).join("; ") : String(cookies);

  async function send(acting, method, given) {
    const options = typeof given === "string" ? { url: given } : given;
    if (!isObject(options)) throw new Error(`context.http.${method} needs options such as {url: "https://..."}`);
    if (options.digestAuth) {
      throw new Error("digestAuth is not available: send an Authorization header, or the user and password in authUrl");
    }
    const url = urlOf(options, method);
    const headers = headersOf(options.headers);
    let authorization = credentials(url);
    let cookies = options.cookies ? cookieHeader(options.cookies) : "";
    if (options.authUrl) {
      const authUrl = new URL(String(options.authUrl));
      const own = credentials(authUrl);
      if (own !== undefined) {
        authorization = own;
      } else {
        // Without a user it is an address that hands out cookies.
        const granted = await host.fetch(acting, { method: "GET", url: authUrl.href, headers: {} });
        cookies = [cookies, cookieHeader(cookiesOf(granted.headers))].filter((part) => part !== "").join("; ");
      }
    }
    if (authorization !== undefined) setDefault(headers, "Authorization", authorization);
    if (cookies !== "") setDefault(headers, "Cookie", cookies);
    const body = bodyOf(options, headers);
    const request = { method: method.toUpperCase(), url: url.href, headers, followRedirects: options.followRedirects === true };
    if (body !== undefined) request.body = new usher.bson.Binary(body);
    const response = await host.fetch(acting, request);
    const { status, statusCode, contentLength, body: content } = response;
    return { status, statusCode, contentLength, headers: response.headers, cookies: cookiesOf(response.headers), body: content };
  }

  class Http {
    #acting;
    constructor(acting) { this.#acting = acting; }
    #send(method, options) {
      host.touch();
      return send(this.#acting, method, options);
    }
    get(options) { return this.#send("get", options); }
    post(options) { return this.#send("post", options); }
    put(options) { return this.#send("put", options); }
    patch(options) { return this.#send("patch", options); }
    delete(options) { return this.#send("delete", options); }
    head(options) { return this.#send("head", options); }
    get [Symbol.toStringTag]() { return "Http"; }
  }

  /** The HTTP client of a function. */
  usher.http = (acting) => new Http(acting);
})
