const { upper } = require("./upper");
let calls = 0;

module.exports.greet = (name) => `Hello, ${upper(name)} (${++calls})`;
module.exports.place = { file: __filename, directory: __dirname };
