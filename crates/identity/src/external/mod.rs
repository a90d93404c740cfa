//! Credentials that another authority vouches for: custom tokens, custom functions, Google, Facebook, Apple (reference
//! 3.3, 7.7).
//!
//! Each provider's module answers whom it vouches for; what all of them need stands beside: `web` asks other hosts,
//! `key_sets` keeps published keys, `jwt` reads signed tokens, `metadata` picks what becomes data of the user, `restriction`
//! lets only some domains in.
//! `authorization` is the way of a browser to a provider and back (reference 3.9), `code` what it brings.

mod apply;
mod authorization;
mod code;
mod custom_function;
mod custom_token;
mod facebook;
mod jwt;
mod key_sets;
mod metadata;
mod openid;
mod provider;
mod restriction;
#[cfg(test)]
mod tests;
mod web;

use std::net::IpAddr;
use std::sync::Arc;

use bson::Document;
use usher_contract::limits;
use usher_dispatch::Deployment;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::store::{CUSTOM_FUNCTION, CUSTOM_TOKEN};
use crate::types::{Credential, GoogleCredential};

pub use authorization::{Authorization, AuthorizationRequest, Departure};
pub use code::AuthorizationCode;
use key_sets::KeySets;
pub use provider::OAuth2Provider;
use web::Web;

/// What it takes to ask other authorities.
pub(crate) struct External {
    web: Web,
    key_sets: KeySets,
}

/// Whom an authority vouches for.
#[derive(Debug)]
struct Vouched {
    provider: &'static str,
    /// What the authority calls the user.
    id: String,
    /// What becomes data of the user.
    data: Document,
}

/// Why a credential is not accepted.
#[derive(Debug)]
enum Refusal {
    /// It is not good: why, for the log. A client hears no more than `unauthorized` (reference 3.3).
    Bad(String),
    /// As it is.
    Told(IdentityError),
}

impl<E: Into<IdentityError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Told(error.into())
    }
}

fn bad<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Bad(reason.into()))
}

impl External {
    pub(crate) fn new() -> Result<Self, IdentityError> {
        let web = Web::new()?;
        Ok(Self { key_sets: KeySets::new(web.clone(), limits::KEY_SET_PAUSE), web })
    }
}

impl Identity {
    /// Whose credential it is, once the authority behind it has said so. The data of a user who exists are renewed by
    /// what it says now.
    pub(crate) async fn by_external(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        peer: IpAddr,
        request: &str,
    ) -> Result<Presented, IdentityError> {
        // What is refused may have cost another host an answer, or a run of a function: it counts.
        let attempt = self.limiter.attempt(&deployment.app().id, None, peer);
        attempt.check()?;
        match self.vouched(deployment, credential, request).await {
            Ok(vouched) => self.apply(deployment.app(), vouched).await,
            Err(Refusal::Bad(reason)) => {
                attempt.failed();
                let (app, reason) = (&deployment.app().id, limits::log_line(&reason));
                tracing::info!(app, request, reason, "a credential was refused");
                Err(IdentityError::Unauthorized)
            }
            Err(Refusal::Told(error)) => {
                if matches!(error, IdentityError::Rejected(_) | IdentityError::DomainNotAllowed) {
                    attempt.failed();
                }
                Err(error)
            }
        }
    }

    async fn vouched(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        request: &str,
    ) -> Result<Vouched, Refusal> {
        let app = deployment.app();
        let vouched = match credential {
            Credential::CustomToken(token) => {
                let config = app.providers.custom_token.as_ref().ok_or_else(|| unsupported(CUSTOM_TOKEN))?;
                self.external.custom_token(config, &token).await?
            }
            Credential::CustomFunction(payload) => {
                let function = app.providers.custom_function.as_ref().ok_or_else(|| unsupported(CUSTOM_FUNCTION))?;
                self.custom_function(deployment, function, payload, request).await?
            }
            Credential::Google(GoogleCredential::IdToken(token)) => {
                let config = OAuth2Provider::Google.config(app)?;
                if !config.open_id {
                    return bad("oauth2-google takes no ID tokens: \"openId\" is not set in its configuration");
                }
                self.external.id_token(OAuth2Provider::Google, config, &token).await?
            }
            Credential::Google(GoogleCredential::Code(code)) => {
                self.external.native_code(OAuth2Provider::Google.config(app)?, &code).await?
            }
            Credential::Facebook(token) => {
                self.external.facebook(OAuth2Provider::Facebook.config(app)?, &token).await?
            }
            Credential::Apple(token) => {
                self.external.id_token(OAuth2Provider::Apple, OAuth2Provider::Apple.config(app)?, &token).await?
            }
            Credential::AuthorizationCode(code) => self.external.code(code.provider.config(app)?, &code).await?,
            Credential::Anonymous | Credential::EmailPassword { .. } | Credential::ApiKey(_) => {
                return Err(IdentityError::internal("this credential is no other authority's").into());
            }
        };
        match vouched.id.len() {
            0 => bad("the user's id is empty"),
            1..=limits::EXTERNAL_ID_BYTES => Ok(vouched),
            _ => bad(format!("the user's id is longer than {} bytes", limits::EXTERNAL_ID_BYTES)),
        }
    }
}

fn unsupported(provider: &str) -> IdentityError {
    IdentityError::ProviderNotFound(provider.to_owned())
}
