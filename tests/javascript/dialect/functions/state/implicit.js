exports = function (numbers) {
  const before = typeof total;
  total = 0;
  for (i = 0; i < numbers.length; i++) {
    total += numbers[i];
  }
  globalThis.kept = total;
  return { before, total, i, kept: typeof kept };
};
