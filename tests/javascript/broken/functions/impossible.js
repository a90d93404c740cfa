exports = function () {
  const { exec } = require("child_process");
  return exec("ls");
};
