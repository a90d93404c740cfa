// How the demo speaks: numbered steps, what the client did, what it saw.

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = paint("1");
const dim = paint("2");
const green = paint("32");

let steps = 0;

/** Begins a step. */
export function step(title) {
  steps += 1;
  console.log(`\n${bold(`${steps}. ${title}`)}`);
}

/** Shows a line of client code as it stands in the script. */
export function did(code) {
  console.log(dim(`   > ${code}`));
}

/** Says what happened. */
export function saw(text) {
  console.log(`   ${text}`);
}

/** Shows a value as it came. */
export function shows(value) {
  console.log(`   ${JSON.stringify(value, null, 2).replaceAll("\n", "\n   ")}`);
}

/** Something that has to be so, told when it is. */
export function holds(condition, text) {
  if (!condition) {
    throw new Error(`not as expected: ${text}`);
  }
  console.log(`   ${green("✓")} ${text}`);
}

/** The error that `action` has to end with. */
export async function refused(action) {
  let value;
  try {
    value = await action();
  } catch (error) {
    console.log(`   ${error.statusCode ?? ""} ${error.errorCode ?? error.name}: ${error.error ?? error.message}`);
    return error;
  }
  throw new Error(`not as expected: this was to be refused, and answered ${JSON.stringify(value)}`);
}
