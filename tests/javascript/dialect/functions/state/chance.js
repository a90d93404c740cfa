// All of this is different in every call, though it stands at the top level.
const id = new BSON.ObjectId();
const random = Math.random();
const uuid = new BSON.UUID();
const began = Date.now();

exports = () => {
  return {
    top: { id, random, uuid: uuid.toString() },
    call: { id: BSON.ObjectId(), random: Math.random(), uuid: crypto.randomUUID(), bytes: require("crypto").randomBytes(16).toString("hex") },
    times: { began, date: new Date(), now: Date.now(), text: Date(), of: new Date(began) },
  };
};
