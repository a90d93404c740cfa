// Stands in for the engine in tests of what is bundled: `node engine.cjs <scripts> <function> <argument>`. Scripts see the
// globals that the engine has, and none of Node's own.
const { readFileSync } = require("node:fs");
const vm = require("node:vm");

const [file, name, argument] = process.argv.slice(2);
const { functions, modules } = JSON.parse(readFileSync(file, "utf8"));

const globals = { console, TextEncoder, TextDecoder, URL, URLSearchParams, AbortController, AbortSignal, atob, btoa };
Object.assign(globals, { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, queueMicrotask });
Object.assign(globals, { Headers, Response, Request, FormData, Blob, fetch: answer });
globals.process = { version: "v10.18.1", env: {}, argv: [], platform: "linux", nextTick: process.nextTick };
const context = vm.createContext(globals);
vm.runInContext("globalThis.global = globalThis", context);

// Tells in its answer what it was asked.
async function answer(url, { method = "GET", headers, body } = {}) {
  const sent = { url: String(url.url || url), method: url.method || method, headers: Object.fromEntries(new Headers(url.headers || headers)) };
  sent.body = body === undefined || body === null ? await url.text?.() : Buffer.from(body).toString();
  return new Response(JSON.stringify(sent), { status: 201, headers: { "Content-Type": "application/json" } });
}

const loaded = new Map();
function load(key) {
  if (key.startsWith("dependencies#")) return load("dependencies")[key.slice("dependencies#".length)]();
  if (loaded.has(key)) return loaded.get(key).exports;
  const module = modules.find((module) => module.key === key);
  const made = { exports: {} };
  loaded.set(key, made);
  if (module.kind === "json") made.exports = JSON.parse(module.source);
  else evaluate(module, made);
  return made.exports;
}

function evaluate(script, made) {
  const require = (specifier) => {
    const key = script.requires[specifier];
    if (key === undefined) throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: "MODULE_NOT_FOUND" });
    return load(key);
  };
  const body = `(function (exports, require, module) { ${script.source}\n; if (exports !== arguments[3]) module.exports = exports; })`;
  vm.runInContext(body, context, { filename: script.file })(made.exports, require, made, made.exports);
}

if (modules.some((module) => module.key === "node:buffer")) {
  Object.defineProperty(globals, "Buffer", { get: () => load("node:buffer").Buffer, configurable: true });
}
const made = { exports: {} };
evaluate(functions.find((one) => one.name === name), made);
Promise.resolve(made.exports(JSON.parse(argument))).then((result) => process.stdout.write(JSON.stringify(result)));
