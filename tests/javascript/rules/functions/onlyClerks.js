exports = () => "hello, clerk";
