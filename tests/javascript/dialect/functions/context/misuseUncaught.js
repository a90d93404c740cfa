const cases = {
  service: () => context.services.get("nothing").db("a"),
  member: () => context.function.execute("a"),
  login: () => context.auth.login("a"),
  variable: () => unheardOf,
  set: () => { context.nothing.here = 1; },
  ofNull: () => null.x,
  execute: () => context.functions.excute("a"),
  call: () => { const five = 5; return five(); },
  unknownFunction: () => context.functions.execute("no/such"),
};

exports = (name) => cases[name]();
