// The binary itself: apps that are copied, started and stopped by a test.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MongoClient } from "mongodb";
import * as Realm from "realm-web";

const repository = fileURLToPath(new URL("../../", import.meta.url));
export const program = process.env.USHER_PROGRAM ?? join(repository, "target/debug/usher");
const prepared = process.env.USHER_PREPARED ?? join(repository, "target/sample");
const database = join(repository, "target/tools/bin/secantusd-rs");
if (!process.env.USHER_DATABASE_PROGRAM && existsSync(database)) process.env.USHER_DATABASE_PROGRAM = database;

/** The environment without what other tests say about a Usher that runs already. */
function environment(more) {
  const { USHER_MONGODB, USHER_APP, USHER_URL, ...rest } = process.env;
  return { ...rest, ...more };
}

/** How long a start, or anything that should happen, may take on a slow machine that is busy with other tests, in milliseconds. */
const PATIENCE = 600_000;

/** A copy of an app of the repository, such as `tests/apps/recipe-box`, in a directory that goes with the process. */
export function copyOf(path) {
  const directory = join(temporary("app"), basename(path));
  cpSync(join(repository, path), directory, { recursive: true });
  return directory;
}

/** A new directory that goes with the process. */
export function temporary(name) {
  const directory = mkdtempSync(join(tmpdir(), `usher-${name}-`));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs a command of the binary to its end: `{status, stdout, stderr}`. */
export const run = (...args) => spawnSync(program, args, { encoding: "utf8", env: environment() });

/** Asks until the answer is anything but nothing, and gives that: for what is not told. */
export async function eventually(question) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
  }
  throw new Error(`not in time: ${question}`);
}

/** Starts Usher with the arguments of `dev` or `serve` on a database of its own. */
export async function start(args, env = {}) {
  const home = temporary("home");
  const data = join(home, "data");
  mkdirSync(data);
  // What set-up has compiled is lent, so that no test compiles it again.
  for (const part of ["build", "cache"]) {
    if (existsSync(join(prepared, part))) symlinkSync(join(prepared, part), join(data, part));
  }
  const ready = join(home, "ready.json");
  const log = join(home, "log");
  const more = ["--listen", "127.0.0.1:0", "--data", data, "--ready-file", ready, "--log-format", "json"];
  const output = openSync(log, "a");
  const child = spawn(program, [...args, ...more], { stdio: ["ignore", output, output], env: environment(env) });
  const usher = new Usher(child, log);
  await usher.becomes(() => existsSync(ready), home, "it serves");
  return Object.assign(usher, { data }, JSON.parse(readFileSync(ready, "utf8")));
}

class Usher {
  #child;
  #log;
  #ended;

  constructor(child, log) {
    this.#child = child;
    this.#log = log;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
    process.on("exit", () => child.kill("SIGKILL"));
  }

  /** What it has printed and logged so far. */
  get log() { return readFileSync(this.#log, "utf8"); }

  /** What a function has logged so far: `{level, message}` of each line, in order. */
  logOf(name) {
    const lines = this.log.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    return lines.filter((line) => line.target === "usher::function" && line.function === name);
  }

  /** Waits until the log answers a question with anything but nothing, and gives that. */
  async logged(question) {
    let answer;
    await this.becomes(() => (answer = question(this)), this.#log, String(question));
    return answer;
  }

  /** Waits for a condition that can come true whenever something changes at `path`. */
  async becomes(condition, path, what) {
    const watcher = watch(path);
    let stop;
    try {
      await new Promise((resolve, reject) => {
        const look = () => condition() && resolve();
        stop = setTimeout(() => reject(new Error(`${what}: not in time. The log:\n${this.log}`)), PATIENCE);
        this.#ended.then((code) => reject(new Error(`usher ended with ${code}. The log:\n${this.log}`)));
        watcher.on("change", look);
        look();
      });
    } finally {
      clearTimeout(stop);
      watcher.close();
    }
  }

  /** realm-web's idea of an app that runs here. */
  app(id) { return new Realm.App({ id, baseUrl: this.url }); }

  /** Runs `look` with a connection to the database, as an operator would, and closes it. */
  async inDatabase(look) {
    const mongo = await MongoClient.connect(this.mongodb);
    try {
      return await look(mongo);
    } finally {
      await mongo.close();
    }
  }

  async stop() {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
