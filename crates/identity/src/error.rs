//! Why identity refuses.

use mongodb::error::Error as DriverError;
use usher_database::{DatabaseError, Transient};

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
    /// Anything that failed inside.
    pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// A token that is not one of ours, or not for this app; more than that is nobody's business.
    pub(crate) fn invalid_session() -> Self {
        Self::InvalidSession("invalid session".to_owned())
    }

    /// The text that clients look for when a session is over (reference 3.5).
    pub(crate) fn no_session() -> Self {
        Self::InvalidSession("invalid session: failed to find refresh token".to_owned())
    }
}

impl From<DatabaseError> for IdentityError {
    fn from(error: DatabaseError) -> Self {
        Self::internal(error)
    }
}

impl From<DriverError> for IdentityError {
    fn from(error: DriverError) -> Self {
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
