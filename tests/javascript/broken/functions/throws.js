const settings = { limit: 3 };

function check(limit) {
  if (limit < 5) throw new RangeError("the limit is below five");
}
check(settings.limit);

exports = () => settings;
