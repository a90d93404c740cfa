// Confirmation and password reset of local-userpass (reference 3.4): by function, by e-mail, and not at all.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client, assertDone, assertRefused, counted, mailServer, variant } from "./accounts.mjs";
import { PASSWORD, credentials, freshEmail, realmError } from "./realm.mjs";
import { start } from "./usher.mjs";

const TOKEN = { token: "0a".repeat(64), tokenId: "6268f7dd73fafea76b730fc9" };
const LENGTH = "password must be between 6 and 128 characters";

let usher, mail;

before(async () => {
  mail = await mailServer();
  const auto = { autoConfirm: true };
  const mailed = {
    autoConfirm: false, emailConfirmationUrl: "https://shop.example/confirm?lang=en", confirmEmailSubject: "Welcome",
    resetPasswordUrl: "https://shop.example/reset",
  };
  const apps = [variant("by-function"), variant("by-mail", mailed), variant("auto", auto), variant("closed", { autoConfirm: false })];
  const off = variant("off", auto, (providers) => { providers["local-userpass"].disabled = true; });
  usher = await start(
    ["serve", ...[...apps, off].flatMap((directory) => ["--app", directory]), "--login-failures-per-address", "100000"],
    { USHER_SMTP: `smtp://127.0.0.1:${mail.port}`, USHER_MAIL_FROM: "Shop <shop@example.org>" },
  );
});

after(async () => {
  await usher.stop();
  mail.close();
});

const made = (collection, username) =>
  usher.inDatabase((mongo) => mongo.db("accounts").collection(collection).find({ username }).sort({ _id: 1 }).toArray());

const rejects = (promise, ...error) => assert.rejects(promise, realmError(...error));

describe("by function", () => {
  const client = () => new Client(usher, "by-function");
  const auth = () => usher.app("by-function").emailPasswordAuth;
  const login = (email, password = PASSWORD) => usher.app("by-function").logIn(credentials(email, password));

  test("success confirms at once; the function runs as the system with one argument", async () => {
    const email = freshEmail("yes");
    await auth().registerUser({ email, password: PASSWORD });
    const user = await login(email);
    assert.equal(user.profile.email, email);
    const [{ _id, ...call }] = await made("confirmations", email);
    assert.match(call.token, /^[0-9a-f]{128}$/);
    assert.match(call.tokenId, /^[0-9a-f]{24}$/);
    assert.deepEqual({ ...call, token: 0, tokenId: 0 }, { username: email, token: 0, tokenId: 0, arguments: 1, system: true });
    await rejects(auth().retryCustomConfirmation({ email }), 400, "UserAlreadyConfirmed", "already confirmed");
    await rejects(auth().resendConfirmationEmail({ email }), 400, "UserAlreadyConfirmed", "already confirmed");
  });

  test("pending waits for confirm, which takes the token once", async () => {
    const email = freshEmail("later");
    await auth().registerUser({ email, password: PASSWORD });
    assertRefused(await client().emailLogin(email), 401, "AuthError", "unauthorized");
    await auth().retryCustomConfirmation({ email });
    const [first, second] = await made("confirmations", email);
    assert.notEqual(first.token, second.token);
    // Another's id, another purpose, another app: none is this token.
    const { token, tokenId } = first;
    const invalid = [400, "UserpassTokenInvalid", "userpass token is expired or invalid"];
    assertRefused(await client().userpass("confirm", { token, tokenId: second.tokenId }), ...invalid);
    assertRefused(await client().userpass("reset", { token, tokenId, password: PASSWORD }), ...invalid);
    assertRefused(await new Client(usher, "by-mail").userpass("confirm", { token, tokenId }), ...invalid);
    await auth().confirmUser({ token, tokenId });
    await rejects(auth().confirmUser({ token, tokenId }), ...invalid);
    await login(email);
  });

  test("fail, a throw and nonsense drop the registration", async () => {
    for (const word of ["no", "throws", "odd", "mute"]) {
      const email = freshEmail(word);
      for (let round = 0; round < 2; round++) {
        const refused = [400, "BadRequest", `failed to confirm user "${email}"`];
        await rejects(auth().registerUser({ email, password: PASSWORD }), ...refused);
        assertRefused(await client().emailLogin(email), 401, "InvalidPassword", "unauthorized");
        assertRefused(await client().userpass("confirm/call", { email }), 404, "UserNotFound", "user not found");
        const [{ token, tokenId }] = await made("confirmations", email);
        const reply = await client().userpass("confirm", { token, tokenId });
        assertRefused(reply, 400, "UserpassTokenInvalid", "userpass token is expired or invalid");
      }
    }
  });

  test("statuses of success", async () => {
    const email = freshEmail("later");
    assertDone(await client().userpass("register", { email, password: PASSWORD }, "any.bearer.token"), 201);
    assertDone(await client().userpass("confirm/call", { email }), 202);
    const [{ token, tokenId }] = await made("confirmations", email);
    assertDone(await client().userpass("confirm", { token, tokenId }), 200);
    assertDone(await client().userpass("reset/call", { email, password: "battery staple", arguments: ["pending"] }), 202);
    const [reset] = await made("resets", email);
    assertDone(await client().userpass("reset", { token: reset.token, tokenId: reset.tokenId, password: "battery staple" }), 200);
    assert.equal((await client().emailLogin(email, "battery staple")).status, 200);
  });

  test("a reset function sets the password at once, later, or not", async () => {
    const email = freshEmail("yes");
    await auth().registerUser({ email, password: PASSWORD });
    const user = await login(email);
    const ask = (password, ...args) => auth().callResetPasswordFunction({ email, password }, ...args);
    await ask("second one", "success", { n: 1 }, [2]);
    const [{ _id, token, tokenId, ...call }] = await made("resets", email);
    assert.deepEqual(call, {
      username: email, password: "second one", currentPasswordValid: false, status: "success", more: [{ n: 1 }, [2]], system: true,
    });
    assertRefused(await client().emailLogin(email), 401, "InvalidPassword", "unauthorized");
    await login(email, "second one");
    await user.refreshCustomData();

    await ask("second one", "pending");
    const [, pending] = await made("resets", email);
    assert.equal(pending.currentPasswordValid, true);
    await auth().resetPassword({ token: pending.token, tokenId: pending.tokenId, password: "third one" });
    await login(email, "third one");
    const unknown = { token: pending.token, tokenId: pending.tokenId, password: "fourth one" };
    await rejects(auth().resetPassword(unknown), 400, "UserpassTokenInvalid", "userpass token is expired or invalid");

    for (const status of ["fail", "throw", "Success", undefined]) {
      await rejects(ask("fourth one", status), 400, "BadRequest", `failed to reset password for user "${email}"`);
    }
    await login(email, "third one");
    // Native clients leave empty arguments out.
    assertRefused(
      await client().userpass("reset/call", { email, password: "fourth one" }),
      400, "BadRequest", `failed to reset password for user "${email}"`,
    );
  });

  test("what cannot be asked", async () => {
    const email = freshEmail("nobody");
    await rejects(auth().sendResetPasswordEmail({ email }), 400, "BadRequest", "please use reset password via function");
    await rejects(auth().callResetPasswordFunction({ email, password: PASSWORD }), 404, "UserNotFound", "user not found");
    await rejects(auth().retryCustomConfirmation({ email }), 404, "UserNotFound", "user not found");
    await rejects(auth().resendConfirmationEmail({ email }), 404, "UserNotFound", "user not found");
    await rejects(auth().callResetPasswordFunction({ email, password: "short" }), 400, "BadRequest", LENGTH);
    const later = freshEmail("later");
    await auth().registerUser({ email: later, password: PASSWORD });
    await rejects(auth().resendConfirmationEmail({ email: later }), 400, "BadRequest", /use confirm\/call/);
  });

  test("functions are not called endlessly for one address", async () => {
    const email = freshEmail("later");
    await auth().registerUser({ email, password: PASSWORD });
    let reply;
    for (let calls = 0; calls < 20 && reply?.status !== 429; calls++) reply = await client().userpass("confirm/call", { email });
    assertRefused(reply, 429, "TooManyRequests", /^asked too often; try again in \d+ s$/);
    assert.match(reply.headers.get("retry-after"), /^\d+$/);
    assert.equal((await made("confirmations", email)).length, 10);
  });
});

describe("by e-mail", () => {
  const client = () => new Client(usher, "by-mail");
  const auth = () => usher.app("by-mail").emailPasswordAuth;
  const letter = (email) => mail.letters.findLast(({ to }) => to === email);

  test("the link confirms, once", async () => {
    const email = freshEmail("ann");
    await auth().registerUser({ email, password: PASSWORD });
    assert.match(letter(email).text, /^Subject: Welcome$/m);
    assert.match(letter(email).text, /https:\/\/shop\.example\/confirm\?lang=en&token=/);
    assertRefused(await client().emailLogin(email), 401, "AuthError", "unauthorized");
    await auth().resendConfirmationEmail({ email });
    const { token, tokenId } = letter(email);
    await auth().confirmUser({ token, tokenId });
    await rejects(auth().confirmUser({ token, tokenId }), 400, "UserpassTokenInvalid", "userpass token is expired or invalid");
    await rejects(auth().resendConfirmationEmail({ email }), 400, "UserAlreadyConfirmed", "already confirmed");
    await usher.app("by-mail").logIn(credentials(email));
  });

  test("the link resets, once, and who is unknown is told so", async () => {
    const email = freshEmail("bob");
    await auth().registerUser({ email, password: PASSWORD });
    await auth().confirmUser({ token: letter(email).token, tokenId: letter(email).tokenId });
    await auth().sendResetPasswordEmail({ email });
    const { token, tokenId, text } = letter(email);
    assert.match(text, /https:\/\/shop\.example\/reset\?token=/);
    await rejects(auth().resetPassword({ token, tokenId, password: "short" }), 400, "BadRequest", LENGTH);
    await auth().resetPassword({ token, tokenId, password: "battery staple" });
    await rejects(
      auth().resetPassword({ token, tokenId, password: PASSWORD }),
      400, "UserpassTokenInvalid", "userpass token is expired or invalid",
    );
    assertRefused(await client().emailLogin(email), 401, "InvalidPassword", "unauthorized");
    assert.equal((await client().emailLogin(email, "battery staple")).status, 200);
    const nobody = freshEmail("nobody");
    await rejects(auth().sendResetPasswordEmail({ email: nobody }), 404, "UserNotFound", "user not found");
    await rejects(auth().resendConfirmationEmail({ email: nobody }), 404, "UserNotFound", "user not found");
    await rejects(auth().callResetPasswordFunction({ email, password: PASSWORD }), 400, "BadRequest", /no reset function/);
    await rejects(
      auth().retryCustomConfirmation({ email }),
      400, "BadRequest", `cannot run confirmation for ${email}: this app confirms by e-mail: use confirm/send`,
    );
  });

  test("a mail that is not taken is told, and nothing is lost", async () => {
    const email = freshEmail("refused");
    const text = `the e-mail to "${email}" could not be sent; ask for it again`;
    await rejects(auth().registerUser({ email, password: PASSWORD }), 502, "EmailNotSent", text);
    await rejects(auth().resendConfirmationEmail({ email }), 502, "EmailNotSent", text);
    await rejects(auth().registerUser({ email, password: PASSWORD }), 409, "AccountNameInUse", "name already in use");
  });

  test("nobody gets a mail that they were not asked for", async () => {
    const sent = mail.letters.length;
    for (const email of ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "no address"]) {
      assertRefused(await client().userpass("register", { email, password: PASSWORD }), 400, "BadRequest", "email invalid");
    }
    assert.equal(mail.letters.length, sent);
  });
});

test("an app that confirms by itself, or not at all, says so", async () => {
  const auto = usher.app("auto").emailPasswordAuth;
  const email = freshEmail("ann");
  await rejects(auto.resendConfirmationEmail({ email }), 404, "UserNotFound", "user not found");
  await auto.registerUser({ email, password: PASSWORD });
  await rejects(auto.resendConfirmationEmail({ email }), 400, "UserAlreadyConfirmed", "already confirmed");
  await rejects(
    auto.retryCustomConfirmation({ email }),
    400, "BadRequest", `cannot run confirmation for ${email}: automatic confirmation is enabled`,
  );
  await rejects(auto.sendResetPasswordEmail({ email }), 400, "BadRequest", /has no resetPasswordUrl/);
  await rejects(auto.callResetPasswordFunction({ email, password: PASSWORD }), 400, "BadRequest", /no reset function/);

  const closed = usher.app("closed").emailPasswordAuth;
  await closed.registerUser({ email, password: PASSWORD });
  await rejects(closed.resendConfirmationEmail({ email }), 400, "BadRequest", /has no emailConfirmationUrl/);
  assertRefused(await new Client(usher, "closed").emailLogin(email), 401, "AuthError", "unauthorized");
});

test("passwords are not guessed endlessly, whether or not there is such an account", async () => {
  const client = new Client(usher, "auto");
  const [email, nobody] = [freshEmail("guessed"), freshEmail("nobody")];
  await usher.app("auto").emailPasswordAuth.registerUser({ email, password: PASSWORD });
  for (const username of [email, nobody]) {
    for (let guess = 0; guess < 20; guess++) {
      assertRefused(await client.emailLogin(username, `guess ${guess}`), 401, "InvalidPassword", "unauthorized");
    }
    const before = await counted(usher);
    const reply = await client.emailLogin(username);
    assertRefused(reply, 429, "TooManyFailures", /^too many failed logins; try again in \d+ s$/);
    assert.match(reply.headers.get("retry-after"), /^\d+$/);
    assert.deepEqual(await counted(usher), before);
  }
  // Nobody else has to wait.
  const other = freshEmail("other");
  await usher.app("auto").emailPasswordAuth.registerUser({ email: other, password: PASSWORD });
  assert.equal((await client.emailLogin(other)).status, 200);
});

// ---- input that no client sends -------------------------------------------------------------------------------------

const paths = {
  register: { email: "x@example.org", password: PASSWORD },
  confirm: TOKEN,
  "confirm/send": { email: "x@example.org" },
  "confirm/call": { email: "x@example.org" },
  reset: { ...TOKEN, password: PASSWORD },
  "reset/send": { email: "x@example.org" },
  "reset/call": { email: "x@example.org", password: PASSWORD, arguments: [] },
  login: { username: "x@example.org", password: PASSWORD },
};

test("a provider that is off is off for all of it", async () => {
  for (const [path, body] of Object.entries(paths)) {
    const reply = await new Client(usher, "off").userpass(path, body);
    assertRefused(reply, 404, "AuthProviderNotFound", "authentication via 'local-userpass' is unsupported");
  }
});

test("operators, wrong types, malformed and oversized bodies: a clear 4xx, and nothing is written", async () => {
  const before = await counted(usher);
  const refuse = async (client, path, body, status, code, text) => {
    const reply = await client.userpass(path, body);
    assertRefused(reply, status, code, text);
  };
  for (const app of ["by-function", "by-mail", "auto"]) {
    const client = new Client(usher, app);
    for (const [path, good] of Object.entries(paths)) {
      for (const name of Object.keys(good)) {
        for (const bad of [{ $gt: "" }, { $ne: null }, { $oid: "0".repeat(24) }, 1, true, [], ["x@example.org"]]) {
          if (name === "arguments") {
            if (Array.isArray(bad)) continue;
            // Whichever is looked at first: the arguments, or that there is no such user or function.
            const reply = await client.userpass(path, { ...good, [name]: bad });
            assertRefused(reply, 400, "InvalidParameter", "arguments: an array is expected");
            continue;
          }
          await refuse(client, path, { ...good, [name]: bad }, 400, "InvalidParameter", `'${name}' must be a string`);
        }
        if (name === "arguments") continue;
        for (const missing of [null, undefined]) {
          const text = `'${name}' is a required string`;
          await refuse(client, path, { ...good, [name]: missing }, 400, "MissingParameter", text);
        }
      }
      for (const body of ["{", "[]", "null", "1", "email=a", '{"email":"a"}}', "\u0000", "[".repeat(60_000)]) {
        await refuse(client, path, body, 400, "BadRequest", /^the request body /);
      }
      await refuse(client, path, { ...good, extra: "x".repeat(64 * 1024) }, 413, "RequestTooLarge", /larger than/);
    }
    for (const path of ["confirm", "reset"]) {
      for (const change of [
        { token: "e30=" }, { tokenId: "e30=" }, { token: "" }, { tokenId: "" }, { token: "0g".repeat(64) },
        { token: TOKEN.token + "0" }, { tokenId: "x".repeat(24) }, { token: "\u0000".repeat(128) },
      ]) {
        await refuse(client, path, { ...paths[path], ...change }, 400, "BadRequest", "invalid token data");
      }
      const unknown = [400, "UserpassTokenInvalid", "userpass token is expired or invalid"];
      await refuse(client, path, paths[path], ...unknown);
    }
    for (const email of ["", "a\u0000b@example.org", `${"x".repeat(250)}@example.org`]) {
      await refuse(client, "register", { email, password: PASSWORD }, 400, "BadRequest", "email invalid");
      await refuse(client, "login", { username: email, password: PASSWORD }, 401, "InvalidPassword", "unauthorized");
      if (app !== "auto") continue;
      await refuse(client, "confirm/send", { email }, 404, "UserNotFound", "user not found");
    }
    for (const password of ["", "12345", "x".repeat(129)]) {
      await refuse(client, "register", { email: freshEmail(), password }, 400, "BadRequest", LENGTH);
      await refuse(client, "reset", { ...TOKEN, password }, 400, "BadRequest", LENGTH);
    }
  }
  assert.deepEqual(await counted(usher), before);
});
