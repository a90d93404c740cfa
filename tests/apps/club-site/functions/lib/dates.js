const { days } = require("./week.json");

function nextWeekday(date, weekday) {
  const next = new Date(date.getTime());
  do {
    next.setUTCDate(next.getUTCDate() + 1);
  } while (next.getUTCDay() !== weekday);
  return next;
}

module.exports = { nextWeekday, dayName: (date) => days[date.getUTCDay()] };
