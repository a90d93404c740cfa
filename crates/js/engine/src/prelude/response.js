// The response of an endpoint, which its function gets behind the request (real-apps 6).
(function (host, usher) {
  "use strict";

  const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
  const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

  // What the function of this call set. One instance answers one request.
  let status;
  let headers;
  let body;

  const isObject = (value) => typeof value === "object" && value !== null;

  function checked(name, value) {
    if (!TOKEN.test(name)) throw new Error(`${JSON.stringify(name)} is not the name of a header`);
    if (!VALUE.test(value)) throw new Error(`the header ${name} cannot hold ${JSON.stringify(value)}`);
    return [name, value];
  }
  function add(name, value) {
    for (const one of Array.isArray(value) ? value : [value]) headers.push(checked(String(name), String(one)));
  }

  /** The object for the function, whose methods also work apart from it. */
  usher.respond = () => {
    headers = [];
    return {
      setStatusCode(code) {
        const number = Number(code);
        if (!Number.isInteger(number) || number < 200 || number > 599) {
          throw new Error(`setStatusCode takes a number from 200 to 599, and got ${usher.inspect(code)}`);
        }
        status = number;
      },
      /** Text and bytes as they are; an object as `EJSON.stringify` in relaxed form writes it. */
      setBody(given) {
        const bytes = isObject(given) ? usher.bytesOf(given) : undefined;
        if (bytes !== undefined) body = new usher.bson.Binary(bytes);
        else if (isObject(given)) body = host.ejsonStringify(given, true);
        else body = given === undefined || given === null ? undefined : String(given);
      },
      setHeader(name, value) {
        const lower = String(name).toLowerCase();
        headers = headers.filter(([other]) => other.toLowerCase() !== lower);
        add(name, value);
      },
      addHeader: add,
    };
  };

  /** What was set, as the contract passes it; nothing where nothing was. */
  usher.response = () => {
    if (status === undefined && body === undefined && headers.length === 0) return undefined;
    const response = { headers };
    if (status !== undefined) response.statusCode = status;
    if (body !== undefined) response.body = body;
    return response;
  };
})
