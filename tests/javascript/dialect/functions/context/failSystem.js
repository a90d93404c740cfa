exports = () => {
  throw new RangeError("too far");
};
