exports = function (iso) {
  const { nextWeekday, dayName } = require("./lib/dates");
  const date = nextWeekday(new Date(iso), 1);
  return { date, day: dayName(date) };
};
