// Headless Chromium, and the sites that its pages come from.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import puppeteer from "puppeteer-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PLACES = process.env.PATH.split(":").flatMap((directory) => NAMES.map((name) => `${directory}/${name}`));

/** How long the browser may take over anything on a slow machine, in milliseconds. */
export const PATIENCE = 600_000;

export async function launch() {
  const executablePath = process.env.USHER_CHROMIUM ?? PLACES.find(existsSync);
  assert.ok(executablePath, "these tests need Chromium: install it (Debian: `apt-get install chromium`), or name it in USHER_CHROMIUM");
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return puppeteer.launch({ executablePath, args, timeout: PATIENCE, protocolTimeout: PATIENCE });
}

/** Opens a page. */
export async function open(context, url) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url);
  return page;
}

const TYPES = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };

/** Serves files by path; what has no ending is a page. */
export async function site(files) {
  const server = createServer((request, response) => {
    const path = request.url.split("?")[0];
    const type = TYPES[path.split(".")[1]] ?? "text/html";
    response.writeHead(path in files ? 200 : 404, { "Content-Type": type }).end(files[path] ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}
