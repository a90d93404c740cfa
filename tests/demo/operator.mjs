// The operator's view: the command `usher` beside the host that runs.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { did } from "./tell.mjs";

const run = promisify(execFile);

/** Runs `usher` and gives what it printed as JSON; `{ error }` where it failed. */
export async function usher(...args) {
  did(`usher ${args.join(" ")}`);
  // USHER_APP and USHER_DATA say which app and which host.
  try {
    const { stdout } = await run(process.env.USHER, [...args, "--json"]);
    return JSON.parse(stdout);
  } catch (error) {
    if (error.stdout) return JSON.parse(error.stdout);
    throw error;
  }
}
