exports = (list) => ({ list, first: list.shift() });
