exports = function (payload) {
  const { httpMethod, rawQueryString, webhookUrl } = context.request;
  return { query: payload.query, text: payload.body && payload.body.text(), request: { httpMethod, rawQueryString, webhookUrl } };
};
