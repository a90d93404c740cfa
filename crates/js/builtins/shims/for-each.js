module.exports = (list, callback, self) => Object.keys(list).forEach((key) => callback.call(self, list[key], Array.isArray(list) ? +key : key, list));
