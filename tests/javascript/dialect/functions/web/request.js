exports = async (origin, name) => {
  const { http } = context;
  switch (name) {
    case "get": {
      const response = await http.get({ url: `${origin}/echo?a=1`, headers: { "X-One": ["1", "2"] } });
      return { ...response, body: response.body.text(), json: EJSON.parse(response.body.text()) };
    }
    case "post":
      return JSON.parse((await http.post({ url: `${origin}/echo`, body: { a: 1, id: "x" }, encodeBodyAsJSON: true })).body.text());
    case "text":
      return JSON.parse((await http.put({ url: `${origin}/echo`, body: "plain text" })).body.text());
    case "form":
      return JSON.parse((await http.post({ url: `${origin}/echo`, form: { a: "1 2", b: "&" } })).body.text());
    case "parts": {
      const [, scheme, host] = /^(\w+):\/\/(.*)$/.exec(origin);
      return JSON.parse((await http.get({ scheme, host, path: "/echo", query: { q: ["x y"] } })).body.text());
    }
    case "patch":
      return JSON.parse((await http.patch({ url: `${origin}/echo`, body: "p" })).body.text());
    case "delete":
      return (await http.delete({ url: `${origin}/status/204` })).statusCode;
    case "head":
      return (await http.head({ url: `${origin}/echo` })).statusCode;
    case "missing": {
      const { status, statusCode, body } = await http.get({ url: `${origin}/status/404` });
      return { status, statusCode, body: body.text() };
    }
    case "redirect":
      return (await http.get({ url: `${origin}/redirect` })).statusCode;
    case "redirectFollowed":
      return (await http.get({ url: `${origin}/redirect`, followRedirects: true })).statusCode;
    case "cookies": {
      const { cookies } = await http.get({ url: `${origin}/cookies`, cookies: { sent: "yes" } });
      return cookies;
    }
    case "service":
      return (await context.services.get("http").get({ url: `${origin}/echo` })).statusCode;
    case "namedService":
      return (await context.services.get("outside").get({ url: `${origin}/echo` })).statusCode;
    case "binary":
      return (await http.get({ url: `${origin}/bytes` })).body;
    case "fetch": {
      const response = await fetch(`${origin}/echo`, { method: "POST", headers: { "X-One": "1" }, body: JSON.stringify({ a: 1 }) });
      const { method, headers, body } = await response.json();
      return { ok: response.ok, status: response.status, type: response.headers.get("content-type"), method, one: headers["x-one"], body };
    }
    case "unsent":
      http.post({ url: `${origin}/mark`, body: "not awaited" });
      return "sent";
    default:
      return http.get({ url: origin });
  }
};
