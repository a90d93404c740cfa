//! Tokens exactly as reference 4 describes them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, crypto};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use usher_contract::limits;

use crate::error::IdentityError;
use crate::keys::{Key, Keys};
use crate::types::ProfileIdentity;

const ACCESS: &str = "access";
const REFRESH: &str = "refresh";

/// What a session's tokens have in common.
pub(crate) struct Grant<'a> {
    pub(crate) user: &'a str,
    pub(crate) session: &'a str,
    pub(crate) device: &'a str,
    pub(crate) domain: &'a str,
    /// Seconds since the Unix epoch.
    pub(crate) now: i64,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    baas_device_id: &'a str,
    baas_domain_id: &'a str,
    exp: i64,
    iat: i64,
    iss: &'a str,
    #[serde(rename = "stitch_devId")]
    stitch_device_id: &'a str,
    #[serde(rename = "stitch_domainId")]
    stitch_domain_id: &'a str,
    sub: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct RefreshClaims<'a> {
    baas_data: (),
    baas_device_id: &'a str,
    baas_domain_id: &'a str,
    baas_id: &'a str,
    baas_identity: &'a ProfileIdentity,
    exp: i64,
    iat: i64,
    stitch_data: (),
    #[serde(rename = "stitch_devId")]
    stitch_device_id: &'a str,
    #[serde(rename = "stitch_domainId")]
    stitch_domain_id: &'a str,
    stitch_id: &'a str,
    stitch_ident: &'a ProfileIdentity,
    sub: &'a str,
    typ: &'a str,
}

/// An access token; `user_data` is the claim of that name.
pub(crate) fn access(key: &Key, grant: &Grant<'_>, user_data: Option<&RawValue>) -> Result<String, IdentityError> {
    let claims = AccessClaims {
        baas_device_id: grant.device,
        baas_domain_id: grant.domain,
        exp: grant.now + seconds(limits::ACCESS_TOKEN_LIFETIME),
        iat: grant.now,
        iss: grant.session,
        stitch_device_id: grant.device,
        stitch_domain_id: grant.domain,
        sub: grant.user,
        typ: ACCESS,
        user_data,
    };
    sign(key, &claims)
}

/// A refresh token that expires at `exp`.
pub(crate) fn refresh(
    key: &Key,
    grant: &Grant<'_>,
    identity: &ProfileIdentity,
    exp: i64,
) -> Result<String, IdentityError> {
    let claims = RefreshClaims {
        baas_data: (),
        baas_device_id: grant.device,
        baas_domain_id: grant.domain,
        baas_id: grant.session,
        baas_identity: identity,
        exp,
        iat: grant.now,
        stitch_data: (),
        stitch_device_id: grant.device,
        stitch_domain_id: grant.domain,
        stitch_id: grant.session,
        stitch_ident: identity,
        sub: grant.user,
        typ: REFRESH,
    };
    sign(key, &claims)
}

/// A token with these claims.
pub(crate) fn sign(key: &Key, claims: &impl Serialize) -> Result<String, IdentityError> {
    let claims = serde_json::to_vec(claims).map_err(IdentityError::internal)?;
    let mut token = key.header.clone();
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = crypto::sign(token.as_bytes(), &key.signing, Algorithm::HS256).map_err(IdentityError::internal)?;
    token.push('.');
    token.push_str(&signature);
    Ok(token)
}

/// The claims of either kind of token that somebody acts upon.
#[derive(Deserialize)]
pub(crate) struct Claims<'a> {
    pub(crate) sub: &'a str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) baas_domain_id: &'a str,
    pub(crate) baas_device_id: &'a str,
    typ: &'a str,
    /// The session, of an access token.
    iss: Option<&'a str>,
    /// The session, of a refresh token.
    baas_id: Option<&'a str>,
    #[serde(borrow)]
    pub(crate) user_data: Option<&'a RawValue>,
}

impl<'a> Claims<'a> {
    /// Reads claims, whoever made them.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, IdentityError> {
        serde_json::from_slice(payload).map_err(|_| IdentityError::invalid_session())
    }

    /// The session of an access token for this domain.
    pub(crate) fn access_session(&self, domain: &str) -> Result<&'a str, IdentityError> {
        self.session(ACCESS, self.iss, domain)
    }

    /// The session of a refresh token for this domain.
    pub(crate) fn refresh_session(&self, domain: &str) -> Result<&'a str, IdentityError> {
        self.session(REFRESH, self.baas_id, domain)
    }

    fn session(&self, kind: &str, session: Option<&'a str>, domain: &str) -> Result<&'a str, IdentityError> {
        if self.typ != kind {
            return Err(IdentityError::InvalidSession(format!("invalid session: expected the {kind} token")));
        }
        match session {
            Some(session) if self.baas_domain_id == domain => Ok(session),
            _ => Err(IdentityError::invalid_session()),
        }
    }
}

/// The payload of a token that one of the keys has signed.
pub(crate) async fn authentic(keys: &Keys, token: &str) -> Result<Vec<u8>, IdentityError> {
    let parts = Parts::of(token).ok_or_else(IdentityError::invalid_session)?;
    let key = keys.of_header(parts.header).await?.ok_or_else(IdentityError::invalid_session)?;
    let genuine = crypto::verify(parts.signature, parts.message.as_bytes(), &key.verifying, Algorithm::HS256);
    match genuine {
        Ok(true) => decode(parts.payload),
        _ => Err(IdentityError::invalid_session()),
    }
}

/// The payload of a token, unverified.
pub(crate) fn unverified(token: &str) -> Result<Vec<u8>, IdentityError> {
    decode(Parts::of(token).ok_or_else(IdentityError::invalid_session)?.payload)
}

struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// What is signed: header and payload.
    message: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.').filter(|(_, payload)| !payload.contains('.'))?;
        Some(Self { header, payload, signature, message })
    }
}

fn decode(payload: &str) -> Result<Vec<u8>, IdentityError> {
    BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| IdentityError::invalid_session())
}

pub(crate) fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
