exports = function () { const padding = 1; null.member; };
