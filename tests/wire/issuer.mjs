// An issuer of one's own: what Google, Apple and Facebook are to Usher, on this machine.
import { createHash, createHmac, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

/** Seconds since 1970, so many from now. */
export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

/** A JSON Web Token with a signature of any kind, a right one or none. */
export function craft(header, claims, sign) {
  const message = `${part(header)}.${part(claims)}`;
  return `${message}.${sign(message)}`;
}
export const hs256 = (secret, claims, header = {}) =>
  craft({ alg: "HS256", typ: "JWT", ...header }, claims, (text) => createHmac("sha256", secret).update(text).digest("base64url"));
export const unsigned = (claims, alg = "none") => craft({ alg, typ: "JWT" }, claims, () => "");

/** An RSA key pair that is published under an id. */
export class Pair {
  constructor(id) {
    this.id = id;
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.private = privateKey;
    this.pem = publicKey.export({ type: "spki", format: "pem" });
    this.jwk = { ...publicKey.export({ format: "jwk" }), kid: id, use: "sig", alg: "RS256" };
  }
  sign(claims, header = {}) {
    const signed = (text) => createSign("RSA-SHA256").update(text).sign(this.private).toString("base64url");
    return craft({ alg: "RS256", typ: "JWT", kid: this.id, ...header }, claims, signed);
  }
}

/** The apps that the issuer knows, with their secrets. */
export const CLIENTS = { "google-client": "google secret", "apple-client": "apple secret", "facebook-client": "facebook secret" };

class Issuer {
  keys = new Pair("key-1");
  /** Of the same id as `keys`, and published nowhere. */
  stranger = new Pair("key-1");
  /** Who sits in front of the browser. */
  person = { sub: "person-1", email: "ann@example.org", given_name: "Ann", family_name: "Lee" };
  /** Whether they decline to log in. */
  declines = false;
  /** Paths that answer 503. */
  down = new Set();
  /** Paths that answer when they are let. */
  #held = new Map();
  codes = new Map();
  accessTokens = new Map();
  /** What was asked of it: `{path, fields}`. */
  asked = [];

  constructor(server) {
    this.server = server;
    this.url = `http://127.0.0.1:${server.address().port}`;
  }

  /** `"oauth2"` of usher.json. */
  get services() {
    const openid = { issuer: this.url, authorization: `${this.url}/authorize`, token: `${this.url}/token`, keys: `${this.url}/keys` };
    return {
      "oauth2-google": openid,
      "oauth2-apple": openid,
      "oauth2-facebook": { authorization: `${this.url}/authorize`, token: `${this.url}/token`, profile: `${this.url}/graph` },
    };
  }

  claims(client, more = {}) {
    return { iss: this.url, aud: client, exp: inSeconds(600), iat: inSeconds(0), email_verified: true, ...this.person, ...more };
  }
  idToken(client, more) { return this.keys.sign(this.claims(client, more)); }

  /** An access token of Facebook's kind. */
  accessToken(client, about = {}) {
    const token = randomUUID();
    this.accessTokens.set(token, { is_valid: true, app_id: client, user_id: this.person.sub, ...about });
    return token;
  }
  /** A code as Google's libraries are given one. */
  nativeCode(redirect_uri) { return this.#code({ client_id: "google-client", redirect_uri }); }

  #code(authorization) {
    const code = randomUUID();
    this.codes.set(code, { ...authorization, person: this.person });
    return code;
  }

  answer(path, fields) {
    this.asked.push({ path, fields });
    if (this.down.has(path)) return { status: 503, body: "{}" };
    const json = (status, body) => ({ status, body: JSON.stringify(body) });
    switch (path) {
      case "/keys": return json(200, { keys: [this.keys.jwk] });
      case "/authorize": return this.#authorize(fields);
      case "/token": return json(...this.#exchange(fields));
      case "/graph/debug_token": {
        const [app, secret] = (fields.access_token ?? "").split("|");
        if (CLIENTS[app] !== secret) return json(400, { error: { message: "Invalid OAuth access token signature." } });
        return json(200, { data: this.accessTokens.get(fields.input_token) ?? { is_valid: false } });
      }
      case "/graph/me": {
        const about = this.accessTokens.get(fields.access_token);
        if (!about) return json(400, { error: { message: "Invalid OAuth access token." } });
        const proof = createHmac("sha256", CLIENTS[about.app_id]).update(fields.access_token).digest("hex");
        if (fields.appsecret_proof !== proof) return json(400, { error: { message: "Invalid appsecret_proof" } });
        const profile = { id: about.user_id, name: `Person ${about.user_id}`, age_range: { min: 21 } };
        return json(200, fields.fields.split(",").includes("email") ? { ...profile, email: about.email } : profile);
      }
      default: return json(404, {});
    }
  }

  #authorize({ client_id, redirect_uri, state, response_mode, code_challenge, code_challenge_method, response_type }) {
    if (!(client_id in CLIENTS) || response_type !== "code" || code_challenge_method !== "S256") return { status: 400, body: "what?" };
    const answer = this.declines
      ? { error: "access_denied", state }
      : { code: this.#code({ client_id, redirect_uri, code_challenge }), state };
    if (response_mode !== "form_post") {
      return { status: 302, headers: { Location: `${redirect_uri}?${new URLSearchParams(answer)}` }, body: "" };
    }
    const inputs = Object.entries(answer).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
    const page = `<form method="post" action="${redirect_uri}">${inputs.join("")}</form><script>document.forms[0].submit()</script>`;
    return { status: 200, headers: { "Content-Type": "text/html" }, body: page };
  }

  #exchange({ grant_type, code, client_id, client_secret, redirect_uri, code_verifier }) {
    const known = this.codes.get(code);
    if (grant_type !== "authorization_code" || CLIENTS[client_id] !== client_secret) return [401, { error: "invalid_client" }];
    if (known?.client_id !== client_id) return [400, { error: "invalid_grant" }];
    if (known.redirect_uri !== redirect_uri) return [400, { error: "redirect_uri_mismatch" }];
    if (known.code_challenge && sha256(code_verifier ?? "") !== known.code_challenge) return [400, { error: "invalid_grant" }];
    this.codes.delete(code);
    const access_token = this.accessToken(client_id, { user_id: known.person.sub });
    return [200, { access_token, id_token: this.keys.sign(this.claims(client_id, known.person)) }];
  }

  /** Holds the answers of a path back: `{asked, release()}`, a promise that somebody waits, and the end of it. */
  hold(path) {
    const held = {};
    held.asked = new Promise((resolve) => { held.ask = resolve; });
    held.released = new Promise((resolve) => { held.release = resolve; });
    this.#held.set(path, held);
    return { asked: held.asked, release: () => { this.#held.delete(path); held.release(); } };
  }
  wait(path) {
    this.#held.get(path)?.ask();
    return this.#held.get(path)?.released;
  }

  close() {
    return new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }
}

/** Starts an issuer on a free port. */
export async function startIssuer() {
  let issuer;
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { pathname, searchParams } = new URL(request.url, "http://issuer");
    const fields = Object.fromEntries([...searchParams, ...new URLSearchParams(text)]);
    await issuer.wait(pathname);
    const { status, headers = { "Content-Type": "application/json" }, body } = issuer.answer(pathname, fields);
    response.writeHead(status, headers).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (issuer = new Issuer(server));
}
