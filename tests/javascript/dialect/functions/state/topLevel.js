topLevel = { count: 1 };

exports = () => ++topLevel.count;
