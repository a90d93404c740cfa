exports = () => {
  const { id, type } = context.user;
  return { id, type, system: context.runningAsSystem() };
};
