exports = () => "I am well";
