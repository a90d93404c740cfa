const sum = (a, b) => a + b;

exports = sum
