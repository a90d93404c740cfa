exports = function(numbers) {
  // Neither is declared: they are globals, for this one call.
  total = 0;
  for (i = 0; i < numbers.length; i++) {
    total += numbers[i];
  }
  return total;
};
