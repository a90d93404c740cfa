exports = ({ body }) => ({ id: context.user.id, more: EJSON.parse(body.text()).more });
