//! Why control refuses.

use usher_database::DatabaseError;

/// Why control refused. The gateway gives each variant its status.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such thing: its code and what is said of it, such as `app not found`.
    #[error("{1}")]
    NotFound(&'static str, String),
    /// The request cannot be done as it stands: its code and why.
    #[error("{1}")]
    Invalid(&'static str, String),
    /// The app is in no state for it: its code and why.
    #[error("{1}")]
    Conflict(&'static str, String),
    /// Name or key of an administrator is wrong.
    #[error("unauthorized")]
    Unauthorized,
    /// The token is no good any more; begins with `invalid session`.
    #[error("{0}")]
    InvalidSession(&'static str),
    /// Too many failed logins; try again after so many seconds.
    #[error("too many failed logins; try again in {0} s")]
    TooManyFailures(u64),
    /// Something failed inside; for the log, never for the client.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ControlError {
    /// Anything that failed inside.
    pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// A request that cannot be done as it stands.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid("BadRequest", message.into())
    }

    pub(crate) fn app_not_found() -> Self {
        Self::NotFound("AppNotFound", "app not found".to_owned())
    }
}

impl From<DatabaseError> for ControlError {
    fn from(error: DatabaseError) -> Self {
        Self::internal(error)
    }
}

impl From<mongodb::error::Error> for ControlError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::internal(DatabaseError::from(error))
    }
}
