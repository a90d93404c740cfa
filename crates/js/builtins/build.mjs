// Bundles each built-in of this directory for the engine: `node build.mjs <output directory>`.
//
// A file `<name>.js` here is the built-in `<name>`; a dot stands for a slash, since `stream/promises` is one, too. What
// one built-in wants of another stays a `require("node:…")`, so that each is there once and evaluated only when asked for.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2];
if (!output) throw new Error("usage: node build.mjs <output directory>");

const files = readdirSync(here).filter((file) => file.endsWith(".js"));
const ours = new Set(files.map((file) => file.slice(0, -3).replaceAll(".", "/")));

// Polyfills of what every engine has by now are most of the size of `util` and `assert`.
const shims = {
  "abort-controller": "abort-controller.js",
  "call-bind": "call-bind.js",
  "call-bind/callBound": "call-bound.js",
  "call-bound": "call-bound.js",
  "for-each": "for-each.js",
  "get-proto": "get-proto.js",
  gopd: "gopd.js",
  "has-tostringtag/shams": "true.js",
  inherits: "inherits.js",
  "is-nan": "is-nan.js",
  "object-is/polyfill": "object-is.js",
  "object.assign/polyfill": "object-assign.js",
  "safe-regex-test": "safe-regex-test.js",
};

const connect = {
  name: "built-ins",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (kind === "entry-point") return undefined;
      if (shims[path]) return { path: join(here, "shims", shims[path]) };
      const name = path.replace(/^node:/, "").replace(/\/$/, "");
      // A built-in's own file names its polyfill with a slash: `require("buffer/")`.
      if (dirname(importer) === here && path.endsWith("/")) return undefined;
      if (ours.has(name)) return { path: `node:${name}`, external: true };
      // `url` wants `qs` for what Node itself does with `querystring`.
      if (name === "qs") return { path: "node:querystring", external: true };
      if (builtinModules.includes(name)) throw new Error(`${importer} requires ${path}, which is not built in`);
      return undefined;
    });
  },
};

const { outputFiles } = await build({
  entryPoints: files.map((file) => resolve(here, file)),
  outdir: output,
  write: false,
  bundle: true,
  format: "cjs",
  platform: "neutral",
  mainFields: ["browser", "main"],
  target: "es2020",
  minifyWhitespace: true,
  legalComments: "inline",
  define: { "process.env.NODE_ENV": '"production"', "process.env.NODE_DEBUG": '""' },
  plugins: [connect],
  logLevel: "warning",
});

// What did not change keeps its date, so that cargo builds nothing anew.
mkdirSync(output, { recursive: true });
for (const stale of readdirSync(output)) if (!files.includes(stale)) rmSync(join(output, stale));
for (const { path, contents } of outputFiles) {
  if (!existsSync(path) || !readFileSync(path).equals(contents)) writeFileSync(path, contents);
}
