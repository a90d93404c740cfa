exports = ({ privateKey, publicKey, foreign }) => {
  const payload = { sub: "ada", list: [1], exp: 4102444800 };
  const failures = [];
  const fails = (what) => {
    try {
      what();
      failures.push("passed");
    } catch (error) {
      failures.push(error.message);
    }
  };
  const token = utils.jwt.encode("HS256", payload, "a secret", { kid: "one" });
  fails(() => utils.jwt.decode(token, "another secret"));
  fails(() => utils.jwt.decode(token, "a secret", false, ["HS512"]));
  fails(() => utils.jwt.decode(utils.jwt.encode("HS256", { exp: 1 }, "a secret"), "a secret"));
  const signed = utils.jwt.encode("RS256", payload, privateKey);
  return {
    token, signed,
    decoded: utils.jwt.decode(token, "a secret"),
    whole: utils.jwt.decode(token, "a secret", true, ["HS256"]),
    rsa: utils.jwt.decode(signed, publicKey),
    foreign: utils.jwt.decode(foreign, "shared"),
    failures,
  };
};
