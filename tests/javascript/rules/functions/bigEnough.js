exports = (number) => number;
