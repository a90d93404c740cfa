//! ID tokens of OpenID Connect: Google's and Apple's.

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use usher_app::OAuth2;

use super::provider::OAuth2Provider;
use super::web::unavailable;
use super::{External, Refusal, Vouched, bad, jwt, metadata, restriction};

/// App Services' names of what a profile holds (reference 3.5), and those of OpenID Connect.
const NAMES: [(&str, &str); 3] =
    [("first_name", "given_name"), ("last_name", "family_name"), ("birthday", "birthdate")];

impl External {
    pub(super) async fn id_token(
        &self,
        provider: OAuth2Provider,
        config: &OAuth2,
        token: &str,
    ) -> Result<Vouched, Refusal> {
        let id = jwt::header(token)?.kid;
        let key = self.key_sets.key(provider.keys(config), id.as_deref()).await;
        let Some(key) = key.map_err(|silence| unavailable(provider.name(), "the address of its keys", &silence))?
        else {
            return bad(format!("no key {} is published", id.as_deref().unwrap_or("without an id")));
        };
        let claims = jwt::verified(token, Algorithm::RS256, &[key])?;
        if !claims.text("iss").is_some_and(|issuer| provider.is_issuer(config, issuer)) {
            return bad("the ID token is somebody else's: \"iss\" does not fit");
        }
        // A token that is for others, too, could have been passed on by them.
        if !claims.audiences()?.iter().all(|audience| config.client_ids.iter().any(|id| id == audience)) {
            return bad("the ID token is for somebody else: \"aud\" is not this app's client id");
        }
        restriction::check(config, restriction::verified_email(&claims.0))?;
        let id = claims.subject()?.to_owned();
        let data = metadata::pick(&config.metadata_fields, &profile(claims.0))?;
        Ok(Vouched { provider: provider.name(), id, data })
    }
}

fn profile(mut claims: Map<String, Value>) -> Map<String, Value> {
    for (name, theirs) in NAMES {
        if let Some(value) = claims.get(theirs).cloned() {
            claims.entry(name).or_insert(value);
        }
    }
    claims
}
