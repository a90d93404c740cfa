exports = async function (lines) {
  for (let line = 0; line < lines; line++) console.log("line", line);
  console.error("and an error");
  return lines;
};
