exports = ({ name, list: [first, ...others], missing = "none" }, ...more) => ({ name, first, others, missing, more });
