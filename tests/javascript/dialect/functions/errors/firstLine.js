exports = function () { const nothing = null; return nothing.member; };
