// The request as a function sees it.
exports = function (payload, response) {
  const { httpMethod, rawQueryString, remoteIPAddress, requestHeaders, webhookUrl } = context.request;
  return {
    query: payload.query,
    headers: payload.headers,
    hasBody: payload.body !== undefined,
    text: payload.body && payload.body.text(),
    request: { httpMethod, rawQueryString, remoteIPAddress, requestHeaders, webhookUrl },
    arguments: arguments.length,
  };
};
