// What packages ask of `process` besides what the global has: a program that is alone, without arguments or signals.
const process = globalThis.process;
const nothing = () => process;
const output = (write) => ({ isTTY: false, columns: 80, write: (text) => (write(String(text).replace(/\n$/, "")), true) });
const missing = {
  title: "usher",
  pid: 1,
  ppid: 0,
  arch: "wasm32",
  argv: [],
  execArgv: [],
  execPath: "",
  versions: { node: String(process.version).replace(/^v/, "") },
  release: { name: "node" },
  config: {},
  features: {},
  cwd: () => "/",
  umask: () => 0o22,
  uptime: () => 0,
  memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  emitWarning: (warning) => console.warn(String(warning)),
  binding(name) { throw new Error(`process.binding("${name}") does not exist in the sandbox`); },
  exit(code) { throw new Error(`process.exit(${code ?? ""}): a function ends by returning`); },
  hrtime: Object.assign(
    (since = [0, 0]) => {
      const now = Date.now();
      const [seconds, nanoseconds] = [Math.floor(now / 1000) - since[0], (now % 1000) * 1e6 - since[1]];
      return nanoseconds < 0 ? [seconds - 1, nanoseconds + 1e9] : [seconds, nanoseconds];
    },
    { bigint: () => BigInt(Date.now()) * 1000000n },
  ),
  stdout: output((text) => console.log(text)),
  stderr: output((text) => console.error(text)),
  on: nothing, once: nothing, off: nothing, addListener: nothing, removeListener: nothing, removeAllListeners: nothing,
  prependListener: nothing, emit: () => false, listeners: () => [], listenerCount: () => 0,
};
for (const name of Object.keys(missing)) {
  if (!(name in process)) Object.defineProperty(process, name, { value: missing[name], writable: true, configurable: true });
}

module.exports = process;
