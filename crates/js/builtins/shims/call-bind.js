module.exports = (target) => Function.prototype.call.bind(target);
