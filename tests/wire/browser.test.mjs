// realm-web's bundle for browsers in headless Chromium: origins, stored sessions, logins by redirect.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, afterEach, describe, test } from "node:test";
import { PATIENCE, launch, open, site } from "./chromium.mjs";
import { startIssuer } from "./issuer.mjs";
import { CLIENT, serve, variant } from "./providers.mjs";
import { PASSWORD, freshEmail } from "./realm.mjs";

const bundle = readFileSync(new URL("node_modules/realm-web/dist/bundle.iife.js", import.meta.url));
const page = (script = "") => `<!doctype html><meta charset="utf-8"><title>a page</title><script src="/realm.js"></script><script>${script}</script>`;

/** A page with realm-web, and the page that a login by redirect ends on. */
const files = { "/realm.js": bundle, "/": page(), "/signed-in": page("Realm.handleAuthRedirect()") };

let issuer, usher, own, foreign, chromium, context, tab;

before(async () => {
  [issuer, own, foreign] = await Promise.all([startIssuer(), site(files), site(files)]);
  const comesBack = (providers) => {
    for (const name of Object.keys(issuer.services)) providers[name].redirect_uris = [`${own.origin}/signed-in`];
  };
  usher = await serve(
    issuer,
    variant("open", issuer, comesBack),
    variant("closed", issuer, comesBack, { allowed_request_origins: [own.origin] }),
  );
  chromium = await launch();
});
after(async () => {
  await chromium?.close();
  await usher?.stop();
  await Promise.all([issuer, own, foreign].map((one) => one?.close()));
});
beforeEach(async () => {
  context = await chromium.createBrowserContext();
  tab = await visit(own);
});
afterEach(() => context?.close());

const visit = (site) => open(context, `${site.origin}/`);

/** Runs a function in the page, which gets an app object of realm-web first. Its result, or `{failed}` with the error. */
const inPage = (tab, id, run, ...args) => tab.evaluate(
  async (id, baseUrl, source, args) => {
    try {
      return await eval(source)(new Realm.App({ id, baseUrl }), ...args);
    } catch (error) {
      return { failed: { message: error.message, code: error.errorCode, status: error.statusCode } };
    }
  },
  id, usher.url, `(${run})`, args,
);

/** As `inPage`, begun by a click: browsers open windows for nobody else. */
async function byClick(tab, id, run, ...args) {
  await tab.evaluate((id, baseUrl, source, args) => {
    const button = document.body.appendChild(document.createElement("button"));
    button.textContent = "Log in";
    window.outcome = new Promise((resolve) => button.addEventListener("click", async () => {
      try {
        resolve(await eval(source)(new Realm.App({ id, baseUrl }), ...args));
      } catch (error) {
        resolve({ failed: { message: error.message, code: error.errorCode } });
      } finally {
        button.remove();
      }
    }));
  }, id, usher.url, `(${run})`, args);
  await tab.click("button");
  return tab.evaluate(() => window.outcome);
}

/** Waits until the tab is the only window. */
async function alone() {
  for (;;) {
    const closed = new Promise((resolve) => chromium.once("targetdestroyed", resolve));
    if ((await context.pages()).length === 1) return;
    await closed;
  }
}

const whoAmI = async (app) => app.currentUser && app.currentUser.callFunction("whoAmI");

describe("origins", () => {
  test("every origin may call an app that lists none", async () => {
    for (const where of [own, foreign]) {
      const result = await inPage(await visit(where), "open", async (app) => {
        const user = await app.logIn(Realm.Credentials.anonymous());
        return (await user.callFunction("whoAmI")).type;
      });
      assert.equal(result, "normal");
    }
  });

  test("an app that lists origins is there for them, and for nobody else", async () => {
    const logIn = async (app) => (await app.logIn(Realm.Credentials.anonymous())).state;
    assert.equal(await inPage(tab, "closed", logIn), "active");
    const refused = await inPage(await visit(foreign), "closed", logIn);
    assert.match(refused.failed.message, /Failed to fetch/);
  });

  test("a preflight lets the methods and headers through that clients use, and no others", async () => {
    const send = (method, headers) => tab.evaluate(
      (url, method, headers) => fetch(url, { method, headers }).then((reply) => reply.status, (error) => error.message),
      `${usher.url}${CLIENT}/app/open/functions/call`, method, headers,
    );
    const json = { "Content-Type": "application/json", Authorization: "Bearer a.b.c", Accept: "application/json" };
    assert.equal(await send("POST", json), 401);
    for (const method of ["PUT", "DELETE", "PATCH"]) assert.equal(await send(method, json), 404);
    assert.equal(await send("POST", { ...json, "X-Odd": "1" }), "Failed to fetch");
  });

  test("a script may read why it was refused", async () => {
    const refused = await inPage(tab, "open", (app) => app.logIn(Realm.Credentials.jwt("not a token")));
    assert.deepEqual({ ...refused.failed, message: undefined }, { message: undefined, code: "AuthError", status: 401 });
    assert.match(refused.failed.message, /: unauthorized \(status 401 Unauthorized\)$/);
  });
});

describe("a session", () => {
  const register = (tab, email) => inPage(tab, "open", async (app, email, password) => {
    await app.emailPasswordAuth.registerUser({ email, password });
    return (await app.logIn(Realm.Credentials.emailPassword(email, password))).id;
  }, email, PASSWORD);

  test("survives a reload, with its calls", async () => {
    const id = await register(tab, freshEmail("reload"));
    await tab.reload();
    const again = await inPage(tab, "open", whoAmI);
    assert.equal(again.id, id);
    const other = await visit(own);
    assert.equal((await inPage(other, "open", whoAmI)).id, id, "in another tab, too");
  });

  test("is renewed when its access token is not taken any more", async () => {
    const id = await register(tab, freshEmail("renewed"));
    const [key, spoilt] = await tab.evaluate(() => {
      const key = Object.keys(localStorage).find((key) => key.endsWith(":accessToken"));
      localStorage.setItem(key, `${localStorage.getItem(key)}x`);
      return [key, localStorage.getItem(key)];
    });
    assert.match(spoilt, /^[\w-]+\.[\w-]+\.[\w-]+x$/);
    await tab.reload();
    assert.equal((await inPage(tab, "open", whoAmI)).id, id);
    const renewed = await tab.evaluate((key) => localStorage.getItem(key), key);
    assert.notEqual(renewed, spoilt);
  });

  test("ends with the logout", async () => {
    await register(tab, freshEmail("logout"));
    await inPage(tab, "open", (app) => app.currentUser.logOut());
    await tab.reload();
    assert.equal(await inPage(tab, "open", whoAmI), null);
  });

  test("is another app's no more than another origin's", async () => {
    await register(tab, freshEmail("apart"));
    assert.equal(await inPage(tab, "closed", whoAmI), null);
    assert.equal(await inPage(await visit(foreign), "open", whoAmI), null);
  });
});

describe("a login by redirect", () => {
  const back = () => `${own.origin}/signed-in`;

  for (const provider of ["google", "apple", "facebook"]) {
    test(`by ${provider}, in a window that closes`, async () => {
      issuer.person = { sub: `browser-${provider}`, email: "ann@example.org" };
      const result = await byClick(tab, "closed", async (app, provider, redirectUrl) => {
        const argument = provider === "google" ? { redirectUrl } : redirectUrl;
        const user = await app.logIn(Realm.Credentials[provider](argument));
        return { id: user.id, who: await user.callFunction("whoAmI") };
      }, provider, back());
      assert.deepEqual(result.who?.providers, [`oauth2-${provider}`], JSON.stringify(result));
      assert.equal(result.who.id, result.id);
      await alone();
      await tab.reload();
      assert.equal((await inPage(tab, "closed", whoAmI)).id, result.id);
      const cookies = await context.cookies();
      assert.deepEqual(cookies.filter(({ name }) => name.startsWith("usher_")), []);
    });
  }

  test("links an identity to the user who is logged in", async () => {
    issuer.person = { sub: "browser-linked", email: "linked@example.org" };
    const result = await byClick(tab, "closed", async (app, redirectUrl, email, password) => {
      await app.emailPasswordAuth.registerUser({ email, password });
      const user = await app.logIn(Realm.Credentials.emailPassword(email, password));
      await user.linkCredentials(Realm.Credentials.google({ redirectUrl }));
      return { id: user.id, identities: user.identities.map((one) => one.providerType), who: await user.callFunction("whoAmI") };
    }, back(), freshEmail("linking"), PASSWORD);
    assert.deepEqual(result.identities, ["local-userpass", "oauth2-google"], JSON.stringify(result));
    assert.equal(result.who.id, result.id);
  });

  test("that is declined is an error, and nobody is logged in", async () => {
    issuer.declines = true;
    try {
      const result = await byClick(tab, "closed", (app, redirectUrl) => app.logIn(Realm.Credentials.google({ redirectUrl })), back());
      assert.match(result.failed.message, /Failed to decode 'authInfo'/);
      assert.equal(await inPage(tab, "closed", whoAmI), null);
    } finally {
      issuer.declines = false;
    }
  });

  test("to an address that is not the app's never leaves Usher", async () => {
    const [popup] = await Promise.all([
      new Promise((resolve) => chromium.once("targetcreated", resolve)),
      tab.evaluate((url) => void window.open(url), `${usher.url}${CLIENT}/app/closed/auth/providers/oauth2-google/login?redirect=${encodeURIComponent(foreign.origin)}`),
    ]);
    const window = await popup.page();
    await window.waitForFunction(() => document.body?.textContent.includes("redirect_uris"), { timeout: PATIENCE });
    assert.ok(window.url().startsWith(usher.url));
  });
});
