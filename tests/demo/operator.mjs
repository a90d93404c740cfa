// The operator's view: the command `usher` on the same database.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { did } from "./tell.mjs";

const run = promisify(execFile);

/** Runs `usher` and gives what it printed as JSON. */
export async function usher(...args) {
  did(`usher ${args.join(" ")}`);
  const { USHER, USHER_APP, USHER_MONGODB } = process.env;
  const { stdout } = await run(USHER, [...args, "--app", USHER_APP, "--mongodb", USHER_MONGODB, "--json"]);
  return JSON.parse(stdout);
}
