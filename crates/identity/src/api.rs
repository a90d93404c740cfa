//! What the rooms above may ask of identity.

use std::sync::Arc;

use bson::Document;
use serde_json::Value;
use usher_database::{DatabaseError, Transient};
use usher_dispatch::Caller;

/// What a client presents to log in (reference 3.3).
#[derive(Debug, Clone)]
pub enum Credential {
    /// `anon-user`: a new anonymous user each time.
    Anonymous,
    /// `local-userpass`.
    EmailPassword {
        /// The e-mail address, as registered: case matters.
        email: String,
        /// The password in the clear.
        password: String,
    },
}

/// What a client says of its device (`options.device`, reference 3.3).
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// The id of an earlier login, 24 hexadecimal digits; a new one is made without it.
    pub id: Option<String>,
}

/// A successful login (reference 3.3, response).
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct Login {
    pub access_token: String,
    pub refresh_token: String,
    pub user_id: String,
    pub device_id: String,
}

/// A verified access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The user's id.
    pub user_id: String,
    /// The session it was issued in.
    pub session_id: String,
    /// The claim `user_data` as it stands in the token: canonical Extended JSON.
    pub user_data: Option<Arc<str>>,
}

impl AccessToken {
    /// The caller that a function sees.
    pub fn caller(&self) -> Caller {
        Caller::User { id: self.user_id.clone(), custom_data: self.user_data.clone() }
    }
}

/// What `GET /auth/profile` answers (reference 3.5).
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct Profile {
    pub user_id: String,
    pub domain_id: String,
    /// In the order in which they were linked.
    pub identities: Vec<ProfileIdentity>,
    pub data: Document,
    /// `normal` or `server`.
    pub kind: String,
    /// The custom-data document, read afresh, encoded as in the claim.
    pub custom_data: Option<Value>,
}

/// One identity of a profile.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the members of the reply, by name")]
pub struct ProfileIdentity {
    pub id: String,
    pub provider_type: String,
    pub provider_id: String,
}

/// A user, as an operator sees it.
#[derive(Debug, Clone, serde::Serialize)]
#[allow(missing_docs, reason = "the members by name")]
pub struct UserSummary {
    pub id: String,
    pub kind: String,
    pub providers: Vec<String>,
    pub email: Option<String>,
    pub disabled: bool,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch; absent before the first login.
    pub last_login_at: Option<i64>,
}

/// Why identity refused. Each variant is one row of reference 3.3 to 3.5; the gateway gives it status and body.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Wrong password, unknown e-mail address, deleted user: one answer for all, in equal time.
    #[error("unauthorized")]
    InvalidPassword,
    /// The registration is not confirmed.
    #[error("unauthorized")]
    Pending,
    /// The user is disabled.
    #[error("user disabled")]
    UserDisabled,
    /// The user-creation function failed; its message.
    #[error("{0}")]
    CreationFailed(String),
    /// The provider is switched off or not known.
    #[error("authentication via '{0}' is unsupported")]
    ProviderNotFound(String),
    /// The e-mail address has a registration already.
    #[error("name already in use")]
    AccountNameInUse,
    /// The e-mail address or the password is not acceptable; the reason.
    #[error("{0}")]
    BadRequest(String),
    /// The token is malformed, expired, of the wrong kind or app, or its session has ended; the reason, beginning
    /// with `invalid session`.
    #[error("{0}")]
    InvalidSession(String),
    /// No such user.
    #[error("user not found")]
    UserNotFound,
    /// Too many failed logins; try again after so many seconds.
    #[error("too many failed logins; try again in {0} s")]
    TooManyFailures(u64),
    /// No capacity in time.
    #[error("{0}")]
    Overloaded(String),
    /// Something failed inside; for the log, never for the client.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl IdentityError {
    pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<DatabaseError> for IdentityError {
    fn from(error: DatabaseError) -> Self {
        Self::internal(error)
    }
}

impl From<mongodb::error::Error> for IdentityError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::internal(DatabaseError::from(error))
    }
}

impl Transient for IdentityError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Internal(error) => error.downcast_ref::<DatabaseError>().is_some_and(Transient::is_transient),
            _ => false,
        }
    }
}
