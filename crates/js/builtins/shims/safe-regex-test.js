module.exports = (pattern) => (text) => pattern.exec(text) !== null;
