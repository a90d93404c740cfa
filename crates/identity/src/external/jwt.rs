//! Tokens that somebody else has signed (RFC 7519). How one must be signed is never the token's own to say.

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::{Map, Value};
use usher_contract::limits;

use super::{Refusal, bad};

/// The claims of a token whose signature was right.
#[derive(Debug)]
pub(super) struct Claims(pub(super) Map<String, Value>);

/// The header of a token, which nobody has vouched for yet.
pub(super) fn header(token: &str) -> Result<Header, Refusal> {
    let header = jsonwebtoken::decode_header(token)
        .map_err(|e| Refusal::Bad(format!("this is no JSON Web Token of a known kind: {e}")))?;
    match &header.crit {
        // Extensions that have to be understood (RFC 7515, 4.1.11); there are none that we do.
        Some(_) => bad("the token's header has \"crit\""),
        None => Ok(header),
    }
}

/// The claims of a token that one of the keys has signed with this algorithm, and whose time it is.
pub(super) fn verified(token: &str, algorithm: Algorithm, keys: &[DecodingKey]) -> Result<Claims, Refusal> {
    header(token)?;
    let mut rules = Validation::new(algorithm);
    // Times and audiences are checked below, in more detail.
    (rules.validate_exp, rules.validate_aud) = (false, false);
    rules.required_spec_claims.clear();
    let mut last = "there is no key to check it with".to_owned();
    for key in keys {
        match jsonwebtoken::decode::<Map<String, Value>>(token, key, &rules) {
            Ok(token) => return Claims(token.claims).in_time(),
            Err(error) => last = format!("the token cannot be verified: {error}"),
        }
    }
    bad(last)
}

impl Claims {
    fn in_time(self) -> Result<Self, Refusal> {
        let now = bson::DateTime::now().timestamp_millis() as f64 / 1000.0;
        let soon = now + limits::CLOCK_LEEWAY.as_secs_f64();
        match self.time("exp")? {
            None => return bad("the token never expires: it has no \"exp\""),
            Some(expires) if expires <= now => return bad("the token has expired"),
            Some(_) => {}
        }
        for (claim, what) in [("nbf", "is not valid yet"), ("iat", "was issued in the future")] {
            if self.time(claim)?.is_some_and(|time| time > soon) {
                return bad(format!("the token {what}: \"{claim}\" is later than now"));
            }
        }
        Ok(self)
    }

    /// Seconds since the Unix epoch.
    fn time(&self, claim: &str) -> Result<Option<f64>, Refusal> {
        match self.0.get(claim) {
            None => Ok(None),
            Some(Value::Number(seconds)) => Ok(seconds.as_f64()),
            Some(_) => bad(format!("the token's \"{claim}\" is no number")),
        }
    }

    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim).and_then(Value::as_str)
    }

    /// Whom the token is about.
    pub(super) fn subject(&self) -> Result<&str, Refusal> {
        match self.text("sub") {
            Some(subject) if !subject.is_empty() => Ok(subject),
            _ => bad("the token's \"sub\" is no string with anything in it"),
        }
    }

    /// For whom the token is: a string, or an array of them.
    pub(super) fn audiences(&self) -> Result<Vec<&str>, Refusal> {
        let audiences = match self.0.get("aud") {
            Some(Value::String(one)) => Some(vec![one.as_str()]),
            Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
            _ => None,
        };
        match audiences {
            Some(audiences) if !audiences.is_empty() => Ok(audiences),
            _ => bad("the token's \"aud\" is neither a string nor an array of strings"),
        }
    }
}
