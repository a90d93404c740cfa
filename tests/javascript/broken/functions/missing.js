const helper = require("./no_such_helper");
exports = () => helper();
