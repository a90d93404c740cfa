exports = (...values) => (values.length === 1 ? values[0] : values);
