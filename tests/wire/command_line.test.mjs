// What the command line of App Services (realm-cli 2.6.2) sends to push an app and to look at it, request by request as
// it was seen to, and what it takes from the answers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as Realm from "realm-web";
import { run, start, temporary } from "./usher.mjs";

const ADMIN = "/api/admin/v3.0";
const of = (path) => readFileSync(new URL(`../apps/recipe-box/${path}`, import.meta.url), "utf8");
const json = (path) => JSON.parse(of(path));

/** The app as the command line reads it from its directory. */
const structure = () => ({
  config_version: 20210101, name: "recipe-box", location: "IE", deployment_model: "LOCAL",
  environments: { "no-environment.json": { values: {} } },
  auth: { custom_user_data: json("auth/custom_user_data.json"), providers: json("auth/providers.json") },
  functions: {
    config: json("functions/config.json"),
    sources: Object.fromEntries(json("functions/config.json").map(({ name }) => [`${name}.js`, of(`functions/${name}.js`)])),
  },
  data_sources: [{
    config: json("data_sources/mongodb-atlas/config.json"),
    default_rule: json("data_sources/mongodb-atlas/default_rule.json"),
    rules: ["cooks", "recipes"].map((name) => ({
      ...json(`data_sources/mongodb-atlas/recipes/${name}/rules.json`),
      ...(name === "recipes" && { schema: json("data_sources/mongodb-atlas/recipes/recipes/schema.json"), relationships: {} }),
    })),
  }],
  endpoints: {}, graphql: { config: json("graphql/config.json") }, sync: { config: json("sync/config.json") }, secrets: {},
});

let usher, token;

before(async () => {
  const { stdout } = run("--json", "secrets", "new-key");
  usher = await start(["--json", "serve"], { USHER_ENCRYPTION_KEY: JSON.parse(stdout).key });
  const line = usher.log.split("\n").find((line) => line.includes("admin_key"));
  const { public: username, private: apiKey } = JSON.parse(line).admin_key;
  ({ access_token: token } = await send(200, "POST", `${ADMIN}/auth/providers/mongodb-cloud/login`, { username, apiKey }));
});
after(() => usher?.stop());

/** One request: the JSON of its answer. */
async function send(status, method, path, body) {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
  const reply = await fetch(usher.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  return text && JSON.parse(text);
}

test("an app is pushed, described and changed", async () => {
  const { roles: [{ group_id: group }] } = await send(200, "GET", `${ADMIN}/auth/profile`);
  const apps = `${ADMIN}/groups/${group}/apps`;
  for (const query of ["", "?product=atlas", "?product=data-api"]) assert.deepEqual(await send(200, "GET", apps + query), []);
  const { results, links } = await send(200, "GET", "/api/public/v1.0/groups");
  assert.deepEqual([results.map(({ id }) => id), links], [[group], []]);
  const { _id, client_app_id: id } = await send(201, "POST", apps, { name: "recipe-box", location: "IE", deployment_model: "LOCAL" });

  async function push(app) {
    const diff = await send(200, "POST", `${apps}/${_id}/import?diff=true&strategy=replace-by-name`, app);
    if (diff.length === 0) return diff;
    const draft = await send(201, "POST", `${apps}/${_id}/drafts`);
    await send(204, "POST", `${apps}/${_id}/import?strategy=replace-by-name`, app);
    const deployment = await send(201, "POST", `${apps}/${_id}/drafts/${draft._id}/deployment`);
    assert.equal(deployment.status, "successful");
    return diff;
  }
  const first = await push(structure());
  assert.ok(first.includes("added functions/whoAmI.js"), first.join());
  assert.deepEqual(await push(structure()), [], "the same again is no change");

  const description = await send(200, "GET", `${apps}/${_id}/description`);
  assert.equal(description.client_app_id, id);
  assert.deepEqual(description.auth_providers.map(({ name }) => name), ["anon-user", "local-userpass"]);
  assert.deepEqual(description.data_sources.map(({ name }) => name), ["mongodb-atlas"]);
  assert.deepEqual(description.custom_user_data, {
    enabled: true, data_source: "mongodb-atlas", database: "recipes", collection: "cooks", user_id_field: "user_id",
  });
  assert.ok(description.functions.some(({ name }) => name === "addRecipe"));

  const user = await new Realm.App({ id, baseUrl: usher.url }).logIn(Realm.Credentials.anonymous());
  assert.equal((await user.functions.whoAmI()).id, user.id);
  // The operator's own commands find it in the database by its id.
  const operator = (...args) => {
    const { status, stdout, stderr } = run("--json", ...args, "--app-id", id, "--mongodb", usher.mongodb, "--data", temporary("operator"));
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  assert.deepEqual(operator("users", "list").map((one) => one.id), [user.id]);
  assert.equal(operator("functions", "call", "whoAmI", "--as", user.id).id, user.id);
  const changed = structure();
  changed.functions.sources["whoAmI.js"] = "exports = () => 'somebody';";
  assert.deepEqual(await push(changed), ["changed functions/whoAmI.js"]);
  assert.equal(await user.functions.whoAmI(), "somebody");
});
