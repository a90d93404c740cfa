exports = function (payload, response) {
  return { count: 1, system: context.runningAsSystem(), url: context.request.webhookUrl };
};
