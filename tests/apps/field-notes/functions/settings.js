exports = function () {
  const { bucket, region } = context.environment.values;
  return {
    tag: context.environment.tag,
    bucket,
    region,
    tags: context.values.get("note limits").tags,
    unknown: context.values.get("nothing of that name") === undefined,
  };
};
