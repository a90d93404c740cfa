// What the log of an app holds (reference 7.5), read from the database.
import { setTimeout } from "node:timers/promises";

/** How long entries may take on a busy machine, in milliseconds: they are written in batches, a moment after the answer. */
const PATIENCE = 120_000;

/** The entries of the request with this id, once there is such a one; nothing tells when. */
export const entriesOf = (usher, id, wanted = () => true) => usher.inDatabase(async (mongo) => {
  const logs = mongo.db("usher").collection("logs");
  const limit = Date.now() + PATIENCE;
  for (;;) {
    const entries = await logs.find({ co_id: id }).toArray();
    if (entries.some(wanted)) return entries;
    if (Date.now() > limit) throw new Error(`the log does not say this of the request ${id}: ${JSON.stringify(entries)}`);
    await setTimeout(50);
  }
});

/** The only entry of the request that this is the answer to. */
export async function entryOf(usher, reply) {
  const [entry, ...others] = await entriesOf(usher, reply.headers.get("x-appservices-request-id"));
  if (others.length > 0) throw new Error(`entries beside it: ${JSON.stringify(others)}`);
  return entry;
}
