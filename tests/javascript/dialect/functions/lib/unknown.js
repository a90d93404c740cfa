exports = (name) => {
  try {
    // The name is known in the call only.
    require(name);
  } catch (error) {
    return { code: error.code, message: error.message };
  }
};
