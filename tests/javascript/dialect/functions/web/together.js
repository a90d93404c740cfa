exports = async (urls) => {
  const responses = await Promise.all(urls.map((url) => context.http.get({ url })));
  return responses.map(({ body }) => body.text());
};
