exports = () => {
  const { user, app, environment, request } = context;
  return {
    user, app, environment, request,
    system: context.runningAsSystem(),
    values: ["plain", "number", "list", "object", "hidden", "missing", "nothing"].map((name) => context.values.get(name)),
    has: Object.fromEntries(["user", "app", "environment", "request", "values", "functions", "services", "http"]
      .map((name) => [name, typeof context[name]])),
  };
};
