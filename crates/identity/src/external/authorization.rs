//! A browser's way to a provider and back (reference 3.9).
//!
//! Nothing is kept meanwhile, so any host can receive whom another sent away. What must be known when the browser comes
//! back stands in the parameter `state`, signed with our key. A secret, which the browser keeps in a cookie, shows that
//! it is the same browser; the provider has only its digest, and gets the secret with the code (RFC 7636), so that one
//! secret serves both.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;
use usher_app::App;
use usher_contract::limits;

use super::code::{self, AuthorizationCode};
use super::provider::OAuth2Provider;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::token;
use crate::types::{Credential, Device};

/// What tells these tokens from those of sessions, which the same keys sign.
const KIND: &str = "authorization";
/// Bytes of the secret: as strong as the digest of it.
const SECRET_BYTES: usize = 32;
/// Characters of `state` that a client may have repeated to it. realm-web has twelve.
const STATE_CHARS: usize = 256;

/// What a client asks for.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// The provider.
    pub provider: OAuth2Provider,
    /// Where the browser shall be in the end; one of the app's `redirect_uris`.
    pub redirect: &'a str,
    /// What shall be repeated there.
    pub state: &'a str,
    /// The device that logs in.
    pub device: Device,
    /// The id of the user whom the identity is to be linked to; `None` for a login.
    pub link: Option<String>,
    /// The address that the provider shall send the browser back to: ours.
    pub callback: &'a str,
}

/// How the browser sets out.
#[derive(Debug)]
pub struct Departure {
    /// Where it goes.
    pub url: String,
    /// The name of the cookie that it keeps.
    pub cookie: String,
    /// The cookie's value.
    pub secret: String,
}

/// What was known of a browser when it set out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Authorization {
    typ: String,
    exp: i64,
    /// The provider's name.
    pub provider: String,
    /// The digest of the browser's secret.
    challenge: String,
    /// The client app id.
    pub app: String,
    /// Where the browser shall be in the end.
    pub redirect: String,
    /// What shall be repeated there.
    pub state: String,
    device: Option<String>,
    /// The id of the user whom the identity is to be linked to.
    pub link: Option<String>,
}

impl Identity {
    /// Where to send a browser that wants to log in with a provider.
    ///
    /// # Errors
    /// [`IdentityError::ProviderNotFound`]; [`IdentityError::BadRequest`] where the redirect address is none of the
    /// app's, or the provider's configuration lacks something.
    pub async fn depart(&self, app: &App, request: AuthorizationRequest<'_>) -> Result<Departure, IdentityError> {
        let AuthorizationRequest { provider, redirect, state, device, link, callback } = request;
        let config = provider.config(app)?;
        if !config.redirect_uris.iter().any(|uri| uri == redirect) {
            let message =
                format!("the redirect address {redirect:?} is none of the \"redirect_uris\" of {}", provider.name());
            return Err(IdentityError::BadRequest(message));
        }
        if state.chars().count() > STATE_CHARS {
            return Err(IdentityError::BadRequest(format!("\"state\" is longer than {STATE_CHARS} characters")));
        }
        let (client, _) = code::client(provider, config)?;
        let secret = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>());
        let authorization = Authorization {
            typ: KIND.to_owned(),
            exp: now() + token::seconds(limits::AUTHORIZATION_LIFETIME),
            provider: provider.name().to_owned(),
            challenge: digest(&secret),
            app: app.id.clone(),
            redirect: redirect.to_owned(),
            state: state.to_owned(),
            device: device.id,
            link,
        };
        let signed = token::sign(&*self.keys.active().await, &authorization)?;
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", callback),
            ("scope", provider.scope()),
            ("state", &signed),
            ("code_challenge", &authorization.challenge),
            ("code_challenge_method", "S256"),
        ];
        if provider.answers_by_form() {
            query.push(("response_mode", "form_post"));
        }
        let url = Url::parse_with_params(provider.authorization(config), query).map_err(IdentityError::internal)?;
        Ok(Departure { url: url.into(), cookie: authorization.cookie(), secret })
    }

    /// What was known of the browser that came back with this `state`.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where it is not ours, or too old.
    pub async fn arrival(&self, state: &str) -> Result<Authorization, IdentityError> {
        let payload = token::authentic(&self.keys, state).await.map_err(|error| match error {
            IdentityError::InvalidSession(_) => foreign(),
            error => error,
        })?;
        Authorization::read(&payload, now())
    }
}

fn foreign() -> IdentityError {
    IdentityError::BadRequest("\"state\" is not of a login that began here".to_owned())
}

impl Authorization {
    /// Of what we have signed, at this time in seconds since the Unix epoch.
    fn read(payload: &[u8], now: i64) -> Result<Self, IdentityError> {
        let authorization: Self = serde_json::from_slice(payload).map_err(|_| foreign())?;
        if authorization.typ != KIND {
            return Err(foreign());
        }
        if authorization.exp <= now {
            let minutes = limits::AUTHORIZATION_LIFETIME.as_secs() / 60;
            return Err(IdentityError::BadRequest(format!(
                "the login took longer than {minutes} minutes; begin again"
            )));
        }
        Ok(authorization)
    }

    /// The name of the browser's cookie: several may be under way.
    pub fn cookie(&self) -> String {
        format!("usher_login_{}", self.challenge.get(..8).unwrap_or_default())
    }

    /// The device that logs in.
    pub fn device(&self) -> Device {
        Device { id: self.device.clone() }
    }

    /// The credential that the browser brought: a code, where its secret is that of the browser which set out.
    /// `callback` is the address that it came back to.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where it is another browser.
    pub fn credential(&self, code: &str, secret: Option<&str>, callback: &str) -> Result<Credential, IdentityError> {
        let own = secret.filter(|secret| digest(secret) == self.challenge);
        let (Some(secret), Some(provider)) = (own, OAuth2Provider::of(&self.provider)) else {
            let message = "the login began in another browser, or this one keeps no cookies; begin again";
            return Err(IdentityError::BadRequest(message.to_owned()));
        };
        Ok(Credential::AuthorizationCode(AuthorizationCode {
            provider,
            code: code.to_owned(),
            redirect_uri: callback.to_owned(),
            verifier: secret.to_owned(),
        }))
    }
}

/// As RFC 7636 has it: `S256`.
fn digest(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// Seconds since the Unix epoch.
fn now() -> i64 {
    bson::DateTime::now().timestamp_millis() / 1000
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_login_has_its_time() {
        let read = |changes: serde_json::Value, now| {
            let mut claims = json!({"typ": KIND, "exp": 600, "provider": "oauth2-google", "challenge": "c", "app": "a",
                                    "redirect": "https://x", "state": "s", "device": null, "link": null});
            claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            Authorization::read(claims.to_string().as_bytes(), now).map_err(|error| error.to_string())
        };
        assert!(read(json!({}), 599).is_ok());
        assert!(read(json!({}), 600).unwrap_err().contains("longer than 10 minutes"));
        for other in
            [json!({"typ": "access"}), json!({"typ": null}), json!({"exp": "600"}), json!({"app": {"$gt": ""}})]
        {
            assert!(read(other.clone(), 0).unwrap_err().contains("began here"), "{other}");
        }
    }
}
