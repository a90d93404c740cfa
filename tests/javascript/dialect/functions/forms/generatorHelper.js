function* numbers(a, b) {
  yield a;
  yield b;
}

exports = (...parts) => {
  let total = 0;
  for (const number of numbers(...parts)) total += number;
  return total;
};
