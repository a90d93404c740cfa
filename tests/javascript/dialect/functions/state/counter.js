let count = 0;
const cache = new Map();
const list = [];

exports = () => {
  count++;
  cache.set(count, true);
  list.push(count);
  return { count, cached: cache.size, list };
};
