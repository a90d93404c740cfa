// Streams of `watch`: by realm-web, which does not say when its stream has begun, and by plain HTTP. To be imported before
// realm-web, which takes the environment's fetch for its own when it is loaded.
import { EventEmitter, once } from "node:events";

const begun = new EventEmitter();
const fetch = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const response = await fetch(...args);
  if (String(args[0]).includes("baas_request=")) begun.emit("begun");
  return response;
};

/** realm-web's stream, once the host has begun it: whatever happens from then on is seen. */
export async function watching(collection, options) {
  const begins = once(begun, "begun");
  const stream = collection.watch(options);
  await begins;
  return stream;
}

/** The next event of a stream that goes on. */
export async function nextOf(stream) {
  const { done, value } = await stream.next();
  if (done) throw new Error("the stream has ended");
  return value;
}

/** The path and query of a watch. */
export const path = (argument, { app = "rules", service = "mongodb-atlas", name = "watch", parameter = "baas_request", more = {} } = {}) => {
  const call = Buffer.from(JSON.stringify({ name, service, arguments: [argument] })).toString("base64");
  return `/api/client/v2.0/app/${app}/functions/call?${new URLSearchParams({ [parameter]: call, ...more })}`;
};

/** What an answer streams: `{event, data}` each, comments left out. */
export async function* events(body) {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n").filter((line) => !line.startsWith(":"));
      text = text.slice(end + 2);
      if (lines.length === 0) continue;
      const { event = "message", data } = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s)));
      yield { event, data: JSON.parse(data.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%")) };
    }
  }
}
