exports = async (url) => {
  try {
    return (await context.http.get({ url })).statusCode;
  } catch (error) {
    return { message: error.message, code: error.code };
  }
};
