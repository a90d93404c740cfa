// The language that apps use (ES6 and later, as far as the engine goes).
label: for (const a of [1]) for (const b of [1]) if (a === b) continue label;

exports = async ({ user: { name = "nobody" } = {}, ...rest }, [first, , third] = []) => {
  const copy = { ...rest, list: [...(rest.list ?? []), 3] };
  let swapped = [1, 2];
  [swapped[0], swapped[1]] = [swapped[1], swapped[0]];
  let caught = false;
  try {
    throw 1;
  } catch {
    caught = true;
  }
  return {
    name, copy, first, third, swapped, caught,
    optional: rest.nothing?.here ?? "absent",
    template: `${name}: ${[1, 2].map((n) => n ** 2).join()}`,
    regex: "2024-05-06".replace(/^(\d+)-(\d+)-(\d+)$/, "$3.$2.$1"),
    promises: await Promise.all([1, Promise.resolve(2)]),
    settled: (await Promise.allSettled([Promise.reject(new Error("no"))]))[0].status,
    flat: [[1], [2, [3]]].flat(Infinity),
    entries: Object.fromEntries(Object.entries({ a: 1 }).map(([key, value]) => [key, value + 1])),
    encoded: [btoa("hé"), atob("aGk="), encodeURIComponent("a b")],
    sorted: [3, 1, 2].sort(),
    padded: "7".padStart(3, "0"),
    parsed: new Date("2024-05-06T10:20:30.400+02:00").toISOString(),
    version: process.version,
  };
};
