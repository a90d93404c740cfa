exports = (payload, response) => {
  response.setBody("ok");
};
