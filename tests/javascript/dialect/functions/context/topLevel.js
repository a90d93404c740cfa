const { greeting } = context.environment.values;
const caller = context.user.id;
const people = context.services.get("mongodb-atlas").db("dialect").collection("people");

exports = async () => ({ greeting, caller, found: (await people.findOne({})).user_id });
