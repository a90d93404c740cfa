exports = ({ body }, { setBody, setHeader }) => {
  setHeader("Content-Type", "image/png");
  setBody(body);
};
