exports = () => ({ id: context.user.id, type: context.user.type, system: context.runningAsSystem() });
