exports = () => typeof globalHere;
