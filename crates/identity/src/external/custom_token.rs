//! The provider `custom-token` (reference 7.7).

use jsonwebtoken::{Algorithm, DecodingKey};
use usher_app::{CustomToken, TokenKeys};
use usher_contract::limits;

use super::jwt::{self, Claims};
use super::web::unavailable;
use super::{External, Refusal, Vouched, bad, metadata};
use crate::error::IdentityError;
use crate::store::CUSTOM_TOKEN;

impl External {
    pub(super) async fn custom_token(&self, config: &CustomToken, token: &str) -> Result<Vouched, Refusal> {
        if token.chars().count() > limits::EXTERNAL_TOKEN_CHARS {
            return bad(format!("the token is longer than {} characters", limits::EXTERNAL_TOKEN_CHARS));
        }
        let (algorithm, keys) = self.keys_of(&config.keys, token).await?;
        let claims = jwt::verified(token, algorithm, &keys)?;
        check_audience(config, &claims)?;
        let id = claims.subject()?.to_owned();
        let data = metadata::pick(&config.metadata_fields, &claims.0)?;
        Ok(Vouched { provider: CUSTOM_TOKEN, id, data })
    }

    async fn keys_of(&self, keys: &TokenKeys, token: &str) -> Result<(Algorithm, Vec<DecodingKey>), Refusal> {
        match keys {
            TokenKeys::Hs256(secrets) => {
                let keys = secrets.iter().map(|secret| DecodingKey::from_secret(secret.as_bytes()));
                Ok((Algorithm::HS256, keys.collect()))
            }
            TokenKeys::Rs256(pem) => {
                let keys = pem.iter().map(|key| DecodingKey::from_rsa_pem(key.as_bytes()));
                let keys: Result<_, _> = keys.collect();
                let story = |error| format!("a signing key of custom-token is no RSA public key in PEM: {error}");
                Ok((Algorithm::RS256, keys.map_err(|error| IdentityError::internal(story(error)))?))
            }
            TokenKeys::Published(url) => {
                let id = jwt::header(token)?.kid;
                let key = self.key_sets.key(url, id.as_deref()).await;
                match key.map_err(|silence| unavailable(CUSTOM_TOKEN, "the address of its keys", &silence))? {
                    Some(key) => Ok((Algorithm::RS256, vec![key])),
                    None => bad(format!("no key {} is published", id.as_deref().unwrap_or("without an id"))),
                }
            }
        }
    }
}

/// The token names one of the configured audiences, or all of them (`requireAnyAudience`).
fn check_audience(config: &CustomToken, claims: &Claims) -> Result<(), Refusal> {
    let named = claims.audiences()?;
    let mut configured = config.audiences.iter();
    let is_named = |audience: &String| named.contains(&audience.as_str());
    let fits = if config.any_audience { configured.any(is_named) } else { configured.all(is_named) };
    if fits && !config.audiences.is_empty() {
        Ok(())
    } else {
        bad("the token is for somebody else: \"aud\" does not fit")
    }
}
