exports = function () {
  const { id, type, data, identities } = context.user;
  return { id, type, data, providers: identities.map((one) => one.provider_type) };
};
