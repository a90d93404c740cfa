//! Tokens: the claims of reference 4, signed and checked.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use usher_app::App;
use usher_contract::limits;

use crate::Identity;
use crate::api::{AccessToken, IdentityError};
use crate::store::{IdentityRecord, Session};

/// What is read of an access token.
#[derive(Deserialize)]
struct AccessClaims {
    sub: String,
    iss: String,
    typ: String,
    baas_domain_id: String,
    user_data: Option<Box<RawValue>>,
}

/// What is read of a refresh token.
#[derive(Deserialize)]
pub(crate) struct RefreshClaims {
    pub(crate) baas_id: String,
    typ: String,
    baas_domain_id: String,
}

/// The domain alone, to find the app of a token before it is verified.
#[derive(Deserialize)]
struct Domain {
    baas_domain_id: String,
}

impl Identity {
    /// An access token: the session, its user, and the custom data of this moment.
    pub(crate) async fn access_token(
        &self,
        domain: &str,
        session: &Session,
        user_data: Option<Value>,
    ) -> Result<String, IdentityError> {
        let now = now();
        let mut claims = json!({
            "baas_device_id": session.device_id,
            "baas_domain_id": domain,
            "exp": now + limits::ACCESS_TOKEN_LIFETIME.as_secs(),
            "iat": now,
            "iss": session.id.to_hex(),
            "stitch_devId": session.device_id,
            "stitch_domainId": domain,
            "sub": session.user_id.to_hex(),
            "typ": "access",
        });
        if let Some(user_data) = user_data {
            claims["user_data"] = user_data;
        }
        self.sign(&claims).await
    }

    /// A refresh token: the session and the identity that opened it.
    pub(crate) async fn refresh_token(
        &self,
        domain: &str,
        session: &Session,
        identity: &IdentityRecord,
    ) -> Result<String, IdentityError> {
        let id = session.id.to_hex();
        let identity = json!({
            "id": identity.id.to_hex(),
            "provider_type": identity.provider,
            "provider_id": identity.provider_id,
        });
        let claims = json!({
            "baas_data": null,
            "baas_device_id": session.device_id,
            "baas_domain_id": domain,
            "baas_id": id,
            "baas_identity": identity,
            "exp": session.expires_at.timestamp_millis() / 1000,
            "iat": now(),
            "stitch_data": null,
            "stitch_devId": session.device_id,
            "stitch_domainId": domain,
            "stitch_id": id,
            "stitch_ident": identity,
            "sub": session.user_id.to_hex(),
            "typ": "refresh",
        });
        self.sign(&claims).await
    }

    async fn sign<T: Serialize>(&self, claims: &T) -> Result<String, IdentityError> {
        let key = self.signing_key().await?;
        let header = Header { kid: Some(key.id.to_string()), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &key.encoding).map_err(IdentityError::internal)
    }

    /// Checks an access token, without asking the database unless it was signed with a key not seen before.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where it is malformed, expired, of another kind or app.
    pub async fn verify_access(&self, app: &App, token: &str) -> Result<AccessToken, IdentityError> {
        let claims: AccessClaims = self.verify(token, "access token").await?;
        self.belongs(app, &claims.typ, "access", &claims.baas_domain_id).await?;
        Ok(AccessToken {
            user_id: claims.sub,
            session_id: claims.iss,
            user_data: claims.user_data.map(|data| Arc::from(data.get())),
        })
    }

    pub(crate) async fn verify_refresh(&self, app: &App, token: &str) -> Result<RefreshClaims, IdentityError> {
        let claims: RefreshClaims = self.verify(token, "refresh token").await?;
        self.belongs(app, &claims.typ, "refresh", &claims.baas_domain_id).await?;
        Ok(claims)
    }

    async fn verify<T: DeserializeOwned>(&self, token: &str, kind: &str) -> Result<T, IdentityError> {
        let malformed = || IdentityError::InvalidSession(format!("invalid session: malformed {kind}"));
        let header = decode_header(token).map_err(|_| malformed())?;
        let id = header.kid.ok_or_else(malformed)?;
        let key = self
            .verifying_key(&id)
            .await?
            .ok_or_else(|| IdentityError::InvalidSession("invalid session: signature is invalid".into()))?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        match decode::<T>(token, &key.decoding, &validation) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(IdentityError::InvalidSession(match error.kind() {
                ErrorKind::ExpiredSignature => format!("invalid session: {kind} expired"),
                ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => {
                    "invalid session: signature is invalid".into()
                }
                _ => format!("invalid session: malformed {kind}"),
            })),
        }
    }

    async fn belongs(&self, app: &App, kind: &str, wanted: &str, domain: &str) -> Result<(), IdentityError> {
        if kind != wanted {
            return Err(IdentityError::InvalidSession(format!(
                "invalid session: this is not a token of type {wanted}"
            )));
        }
        if self.domain(&app.id).await? != domain {
            return Err(IdentityError::InvalidSession("invalid session: the token is for another app".into()));
        }
        Ok(())
    }

    /// The client app id of the app that a token says it is for. The token is not verified: a call that verifies it
    /// must follow.
    ///
    /// # Errors
    /// [`IdentityError::InvalidSession`] where the token is malformed or names no app of this host.
    pub fn app_of_token(&self, token: &str) -> Result<String, IdentityError> {
        let malformed = || IdentityError::InvalidSession("invalid session: malformed token".into());
        let payload = token.split('.').nth(1).ok_or_else(malformed)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed())?;
        let claims: Domain = serde_json::from_slice(&payload).map_err(|_| malformed())?;
        self.app_of_domain(&claims.baas_domain_id).ok_or_else(|| {
            IdentityError::InvalidSession("invalid session: the token is for no app of this host".into())
        })
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
