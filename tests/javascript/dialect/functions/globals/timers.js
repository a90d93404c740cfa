const cases = {
  async awaited() {
    const order = [];
    setTimeout(() => order.push("later"), 20);
    setTimeout((word) => order.push(word), 1, "sooner");
    setImmediate(() => order.push("at once"));
    const cancelled = setTimeout(() => order.push("never"), 5);
    clearTimeout(cancelled);
    queueMicrotask(() => order.push("microtask"));
    order.push("now");
    await new Promise((resolve) => setTimeout(resolve, 40));
    return order;
  },
  async interval() {
    return new Promise((resolve) => {
      let rounds = 0;
      const timer = setInterval(() => {
        if (++rounds === 3) {
          clearInterval(timer);
          resolve(rounds);
        }
      }, 1);
    });
  },
  left() {
    setInterval(() => console.log("round"), 1);
    setTimeout(() => console.log("an hour later"), 3600000);
    return "done";
  },
  never() {
    return new Promise(() => {});
  },
  async neverNested() {
    return { deep: [new Promise(() => {})] };
  },
  async throwing() {
    setTimeout(() => { throw new Error("thrown in a timer"); }, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return "went on";
  },
};

exports = (name) => cases[name]();
