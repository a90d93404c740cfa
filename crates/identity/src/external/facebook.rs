//! The provider `oauth2-facebook`: access tokens, of which Facebook's API tells whose they are.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value};
use usher_app::OAuth2;

use super::provider::OAuth2Provider;
use super::web::{Answer, Silence, unavailable};
use super::{External, Refusal, Vouched, bad, metadata, restriction};
use crate::error::IdentityError;
use crate::store::FACEBOOK;

/// Names of App Services that are parts of Facebook's (reference 3.5).
const AGES: [(&str, &str); 2] = [("min_age", "min"), ("max_age", "max")];

impl External {
    pub(super) async fn facebook(&self, config: &OAuth2, token: &str) -> Result<Vouched, Refusal> {
        let (app, secret) = super::code::client(OAuth2Provider::Facebook, config)?;
        let graph = OAuth2Provider::graph(config);

        let own = format!("{app}|{secret}");
        let about =
            self.web.get(&format!("{graph}/debug_token"), &[("input_token", token), ("access_token", &own)]).await;
        let about = answered(about)?;
        let about = about.body.get("data").and_then(Value::as_object);
        let told = |name: &str| about.and_then(|about| about.get(name));
        if told("is_valid") != Some(&Value::Bool(true)) {
            return bad("Facebook says that the access token is not valid");
        }
        // A token that was given to another app must not open this one.
        if !told("app_id").and_then(Value::as_str).is_some_and(|id| config.client_ids.iter().any(|own| own == id)) {
            return bad("the access token was given to another app");
        }
        let Some(id) = told("user_id").and_then(Value::as_str) else {
            return bad("the access token is no user's");
        };

        let (fields, proof) = (fields(config), proof(token, secret)?);
        let query = [("fields", fields.as_str()), ("access_token", token), ("appsecret_proof", &proof)];
        let profile = answered(self.web.get(&format!("{graph}/me"), &query).await)?;
        if profile.text("id") != Some(id) {
            return bad("the access token is of one user and the profile of another");
        }
        // Facebook tells of no address that it has not verified.
        restriction::check(config, profile.text("email"))?;
        let data = metadata::pick(&config.metadata_fields, &flat(profile.body))?;
        Ok(Vouched { provider: FACEBOOK, id: id.to_owned(), data })
    }
}

fn answered(answer: Result<Answer, Silence>) -> Result<Answer, Refusal> {
    let answer = answer.map_err(|silence| unavailable(FACEBOOK, "its API", &silence))?;
    if answer.status.is_success() {
        return Ok(answer);
    }
    if answer.status.is_server_error() {
        let silence = Silence::of_status(answer.status);
        return Err(unavailable(FACEBOOK, "its API", &silence).into());
    }
    let message = answer.body.get("error").and_then(|error| error.get("message")).and_then(Value::as_str);
    bad(format!("Facebook answers {}: {}", answer.status, message.unwrap_or("no reason given")))
}

/// The fields of a profile to ask for.
fn fields(config: &OAuth2) -> String {
    let mut fields = vec!["id"];
    for first in config.metadata_fields.iter().filter_map(|field| field.path.first()) {
        let name = if AGES.iter().any(|(age, _)| age == first) { "age_range" } else { first };
        if !fields.contains(&name) {
            fields.push(name);
        }
    }
    if !config.domains.is_empty() && !fields.contains(&"email") {
        fields.push("email");
    }
    fields.join(",")
}

/// What shows that the token is presented by the app it was given to; apps can demand it.
fn proof(token: &str, secret: &str) -> Result<String, IdentityError> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    let proof = crypto::sign(token.as_bytes(), &key, Algorithm::HS256).map_err(IdentityError::internal)?;
    Ok(hex::encode(BASE64_URL_SAFE_NO_PAD.decode(proof).map_err(IdentityError::internal)?))
}

/// A profile with App Services' names: ages by themselves, the picture as its address.
fn flat(mut profile: Map<String, Value>) -> Map<String, Value> {
    let ages = profile.remove("age_range").unwrap_or_default();
    for (name, bound) in AGES {
        if let Some(age) = ages.get(bound) {
            profile.insert(name.to_owned(), age.clone());
        }
    }
    if let Some(address) = profile.get("picture").and_then(|picture| picture.get("data")?.get("url")).cloned() {
        profile.insert("picture".to_owned(), address);
    }
    profile
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_app::MetadataField;

    use super::*;

    #[test]
    fn only_what_is_kept_is_asked_for() {
        let field = |name: &str| MetadataField { path: vec![name.to_owned()], name: name.to_owned(), required: false };
        let metadata_fields = ["email", "min_age", "max_age", "picture"].map(field).to_vec();
        let config = OAuth2 { metadata_fields, ..OAuth2::default() };
        assert_eq!(fields(&config), "id,email,age_range,picture");
        assert_eq!(fields(&OAuth2 { domains: vec!["example.org".to_owned()], ..config }), "id,email,age_range,picture");
        assert_eq!(fields(&OAuth2 { domains: vec!["example.org".to_owned()], ..OAuth2::default() }), "id,email");
        assert_eq!(fields(&OAuth2::default()), "id");
    }

    #[test]
    fn a_profile_is_flattened() {
        let theirs = json!({"id": "7", "age_range": {"min": 21}, "picture": {"data": {"url": "https://x/y.jpg"}}});
        let flat = flat(theirs.as_object().unwrap().clone());
        assert_eq!(Value::Object(flat), json!({"id": "7", "min_age": 21, "picture": "https://x/y.jpg"}));
    }

    #[test]
    fn the_proof_is_an_hmac_in_hexadecimal() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(proof("what do ya want for nothing?", "Jefe").unwrap(), expected);
    }
}
