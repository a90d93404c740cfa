// The position of what went wrong, below comments and helpers.
function inner(value) {
  return value.missing.member;
}

const outer = (value) => {
  return inner(value);
};

exports = async function (value) {
  await Promise.resolve();
  return outer(value);
};
