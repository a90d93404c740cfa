// A slip of the pen at the top level.
const names = ["ada"].mapp((name) => name);
exports = () => names;
