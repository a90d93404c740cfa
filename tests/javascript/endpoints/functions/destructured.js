exports = async ({ query, headers, body }, response) => {
  const { at, long } = EJSON.parse(body.text());
  response.setHeader("X-Kind", headers["Content-Type"][0]);
  return { name: query.name, isDate: at instanceof Date, at, long };
};
