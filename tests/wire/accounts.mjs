// The app tests/javascript/accounts, as it is and in other settings, and what its tests ask of it.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOf } from "./usher.mjs";
import { PASSWORD } from "./realm.mjs";

export const CLIENT = "/api/client/v2.0";

/** A copy of the app under another id; `userpass` is the configuration of local-userpass. */
export function variant(id, userpass, change = () => {}) {
  const directory = copyOf("tests/javascript/accounts");
  const edit = (file, change) => {
    const path = join(directory, file);
    const content = JSON.parse(readFileSync(path, "utf8"));
    change(content);
    writeFileSync(path, JSON.stringify(content));
  };
  edit("root_config.json", (config) => Object.assign(config, { app_id: id, name: id }));
  edit("auth/providers.json", (providers) => {
    if (userpass) providers["local-userpass"].config = userpass;
    change(providers);
  });
  return directory;
}

/** Requests to one app over plain HTTP. */
export class Client {
  constructor(usher, app) {
    Object.assign(this, { usher, app });
  }

  async send(method, path, { token, body } = {}) {
    const headers = { ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
    const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(this.usher.url + CLIENT + path, { method, headers, body: sent });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, get json() { return JSON.parse(text); } };
  }

  /** An extension endpoint of local-userpass. */
  userpass(path, body, token) {
    return this.send("POST", `/app/${this.app}/auth/providers/local-userpass/${path}`, { body, token });
  }

  login(provider, body, link) {
    const path = `/app/${this.app}/auth/providers/${provider}/login${link ? "?link=true" : ""}`;
    return this.send("POST", path, { body, token: link });
  }

  emailLogin(email, password = PASSWORD, link = undefined) {
    return this.login("local-userpass", { username: email, password }, link);
  }

  keys(method, path, token, body) {
    return this.send(method, `/auth/api_keys${path}`, { token, body });
  }

  profile(token) {
    return this.send("GET", "/auth/profile", { token });
  }
}

/** An error body in full. */
export function assertRefused(reply, status, code, error) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.headers.get("content-type"), "application/json");
  const { link, ...body } = reply.json;
  assert.match(link, /logs\?co_id=[0-9a-f]{24}$/);
  assert.deepEqual(Object.keys(body), code === null ? ["error"] : ["error", "error_code"]);
  assert.equal(body.error_code ?? null, code, reply.text);
  if (error instanceof RegExp) assert.match(body.error, error);
  else assert.equal(body.error, error);
}

/** A success without a body, which has no content type either. */
export function assertDone(reply, status) {
  assert.deepEqual([reply.status, reply.text], [status, ""]);
  assert.equal(reply.headers.get("content-type"), null);
}

/** How many documents each collection of Usher's own database holds. */
export const counted = (usher) =>
  usher.inDatabase(async (mongo) => {
    const { databases } = await mongo.db().admin().listDatabases();
    const counts = {};
    for (const { name } of databases.filter(({ name }) => !["admin", "local", "config"].includes(name))) {
      for (const { name: collection } of await mongo.db(name).listCollections().toArray()) {
        if (!UNCOUNTED.has(collection)) counts[`${name}.${collection}`] = await mongo.db(name).collection(collection).countDocuments();
      }
    }
    return counts;
  });

/** What a host writes by itself. */
const UNCOUNTED = new Set(["logs", "leases", "hosts"]);

/** A mail server that keeps what it is given: `{port, letters, close()}`; a letter is `{to, text, token, tokenId}`. */
export async function mailServer() {
  const letters = [];
  const server = createServer((socket) => {
    let rest = "";
    let letter = null;
    let reading = false;
    const say = (line) => socket.write(`${line}\r\n`);
    say("220 test");
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const lines = (rest + data).split("\r\n");
      rest = lines.pop();
      for (const line of lines) {
        if (reading && line === ".") {
          reading = false;
          const text = letter.lines.join("\n").replace(/=\n/g, "").replace(/=3D/g, "=");
          const [, token, tokenId] = text.match(/token=([0-9a-f]+)&tokenId=([0-9a-f]+)/) ?? [];
          letters.push({ to: letter.to, text, token, tokenId });
          say("250 taken");
        } else if (reading) letter.lines.push(line);
        else if (/^EHLO/i.test(line)) say("250 test");
        else if (/^MAIL/i.test(line)) { letter = { lines: [] }; say("250 ok"); }
        else if (/^RCPT/i.test(line)) { letter.to = line.match(/<(.*)>/)[1]; say(letter.to.startsWith("refused") ? "550 no" : "250 ok"); }
        else if (/^DATA/i.test(line)) { reading = true; say("354 go on"); }
        else if (/^QUIT/i.test(line)) { say("221 bye"); socket.end(); }
        else say("250 ok");
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, letters, close: () => server.close() };
}
