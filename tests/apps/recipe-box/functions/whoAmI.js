exports = () => {
  const { id, type, custom_data } = context.user;
  return { id, type, level: custom_data.level, system: context.runningAsSystem() };
};
