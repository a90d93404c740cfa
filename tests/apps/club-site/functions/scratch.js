// Tried out in a console once; nobody's function.
const answer = [1, 2, 3].map((n) => n * 2);
console.log(answer);
