exports = () => [typeof total, typeof i, typeof kept, typeof topLevel];
