// Whole apps: as exports, as the command line of App Services sends them, and their packages.
import assert from "node:assert/strict";
import { inflateRawSync } from "node:zlib";
import { usher } from "./administration.mjs";

/** The files of an app's export, by path. */
export async function files(owner, app) {
  const reply = await fetch(`${usher.url}/api/admin/v3.0${owner.apps}${app.path}/export`, { headers: { Authorization: `Bearer ${owner.token}` } });
  assert.equal(reply.headers.get("content-type"), "application/zip");
  const zip = Buffer.from(await reply.arrayBuffer());
  const files = {};
  const end = zip.lastIndexOf("PK\x05\x06", undefined, "latin1");
  for (let entry = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed] = [zip.readUInt16LE(entry + 10), zip.readUInt32LE(entry + 20)];
    const [name, extra, comment] = [28, 30, 32].map((at) => zip.readUInt16LE(entry + at));
    const local = zip.readUInt32LE(entry + 42);
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(begin, begin + packed);
    files[zip.toString("utf8", entry + 46, entry + 46 + name)] = (method === 0 ? bytes : inflateRawSync(bytes)).toString("utf8");
    entry += 46 + name + extra + comment;
  }
  return files;
}

/** An app's files in the form in which the command line of App Services sends them to be imported. */
export function structured(files) {
  const json = (path) => files[path] && JSON.parse(files[path]);
  const below = (pattern) => Object.keys(files).flatMap((path) => path.match(pattern) ? [[...path.match(pattern)]] : []);
  const all = (directory) => below(new RegExp(`^${directory}/[^/]+\\.json$`)).map(([path]) => json(path));
  const collection = ([path, database, collection]) => {
    const schema = json(path.replace("rules.json", "schema.json"));
    const relationships = json(path.replace("rules.json", "relationships.json"));
    return { ...json(path), database, collection, ...(schema && { schema }), ...(relationships && { relationships }) };
  };
  return {
    ...json("realm_config.json"),
    environments: Object.fromEntries(below(/^environments\/(.+\.json)$/).map(([path, name]) => [name, json(path)])),
    values: all("values"),
    auth: { providers: json("auth/providers.json"), custom_user_data: json("auth/custom_user_data.json") },
    functions: {
      config: json("functions/config.json"),
      sources: Object.fromEntries(below(/^functions\/(.+\.js)$/).map(([path, name]) => [name, files[path]])),
    },
    triggers: all("triggers"),
    data_sources: below(/^data_sources\/([^/]+)\/config\.json$/).map(([path, name]) => ({
      config: json(path),
      default_rule: json(`data_sources/${name}/default_rule.json`),
      rules: below(new RegExp(`^data_sources/${name}/([^/]+)/([^/]+)/rules\\.json$`)).map(collection),
    })),
    http_endpoints: [],
    endpoints: { config: json("http_endpoints/config.json") },
  };
}

/** An archive of these files. */
export function tar(files) {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const head = Buffer.alloc(512);
    const size = Buffer.byteLength(text);
    const fields = [[0, path], [100, "0000644\0"], [108, "0000000\0"], [116, "0000000\0"], [124, `${size.toString(8).padStart(11, "0")}\0`],
      [136, "00000000000\0"], [148, "        "], [156, "0"], [257, "ustar\x0000"]];
    for (const [at, value] of fields) head.write(value, at, "latin1");
    head.write(`${head.reduce((sum, byte) => sum + byte).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return [head, Buffer.from(text), Buffer.alloc((512 - (size % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
