//! What the rooms above may ask of identity.

use std::net::IpAddr;
use std::sync::Arc;

use bson::Document;
use serde_json::Value;
use usher_app::App;
use usher_dispatch::{Caller, Deployment};

/// Users and their sessions, of every app on this host.
pub struct Identity {}

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
        Caller::User {
            id: self.user_id.clone(),
            custom_data: self.user_data.clone(),
        }
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

#[allow(unused_variables, clippy::todo, reason = "skeleton")]
impl Identity {
    /// Records an e-mail/password registration (reference 3.4).
    pub async fn register(&self, app: &App, email: &str, password: &str, peer: IpAddr) -> Result<(), IdentityError> {
        todo!()
    }

    /// Logs a user in; the first login of an identity creates the user (reference 2.1). `request` is the request id,
    /// which becomes the creation function's invocation id.
    pub async fn login(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        device: Device,
        peer: IpAddr,
        request: &str,
    ) -> Result<Login, IdentityError> {
        todo!()
    }

    /// Checks an access token, without asking the database unless it was signed with a key not seen before.
    pub async fn verify_access(&self, app: &App, token: &str) -> Result<AccessToken, IdentityError> {
        todo!()
    }

    /// A new access token for a refresh token, with custom data read afresh (`POST /auth/session`).
    pub async fn refresh(&self, app: &App, refresh_token: &str) -> Result<String, IdentityError> {
        todo!()
    }

    /// Ends the session of a refresh token (`DELETE /auth/session`).
    pub async fn logout(&self, app: &App, refresh_token: &str) -> Result<(), IdentityError> {
        todo!()
    }

    /// The caller's profile.
    pub async fn profile(&self, app: &App, user: &str) -> Result<Profile, IdentityError> {
        todo!()
    }

    /// Deletes a user, every session of theirs and their registration; appends DELETE. The custom data stays.
    pub async fn delete_user(&self, app: &App, user: &str) -> Result<(), IdentityError> {
        todo!()
    }

    /// Creates a confirmed e-mail/password user at once, creation function included. Gives the user's id.
    pub async fn create_user(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        email: &str,
        password: &str,
    ) -> Result<String, IdentityError> {
        todo!()
    }

    /// The users of an app, newest first.
    pub async fn list_users(&self, app: &App) -> Result<Vec<UserSummary>, IdentityError> {
        todo!()
    }

    /// Disables or enables a user; disabling ends every session.
    pub async fn set_disabled(&self, app: &App, user: &str, disabled: bool) -> Result<(), IdentityError> {
        todo!()
    }

    /// Ends every session of a user; gives how many there were.
    pub async fn revoke_sessions(&self, app: &App, user: &str) -> Result<u64, IdentityError> {
        todo!()
    }

    /// A user's id from an id or an e-mail address.
    pub async fn resolve_user(&self, app: &App, user: &str) -> Result<String, IdentityError> {
        todo!()
    }

    /// A user's custom-data document by the lookup rules of reference 1.2.
    pub async fn custom_data(&self, app: &App, user: &str) -> Result<Option<Document>, IdentityError> {
        todo!()
    }

    /// Sets fields of a user's custom-data document by hand, making it where there is none. Gives the document.
    pub async fn set_custom_data(&self, app: &App, user: &str, fields: Document) -> Result<Document, IdentityError> {
        todo!()
    }

    /// Deletes a user's custom-data documents by hand; gives how many there were.
    pub async fn delete_custom_data(&self, app: &App, user: &str) -> Result<u64, IdentityError> {
        todo!()
    }
}
