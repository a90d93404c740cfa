exports = () => context.services.get("mongodb-atlas").db("shop").collection("accounts").find({}).sort({ _id: 1 });
