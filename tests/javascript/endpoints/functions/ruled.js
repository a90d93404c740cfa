exports = () => "let in";
