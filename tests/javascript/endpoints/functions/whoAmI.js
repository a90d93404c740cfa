exports = ({ headers }) => {
  const { id, type, custom_data } = context.user;
  return { id, type, custom_data, system: context.runningAsSystem(), headers: Object.keys(headers) };
};
