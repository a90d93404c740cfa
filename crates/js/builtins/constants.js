module.exports = { ...require("os").constants, ...require("fs").constants };
