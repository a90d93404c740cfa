const { greet, place } = require("./greet");
const words = require("./words.json");

exports = (name) => ({ greeting: greet(name), again: greet(name), words, place });
