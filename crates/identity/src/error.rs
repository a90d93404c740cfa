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
    /// The function that authenticates failed, or did not say who it is; what it said.
    #[error("{0}")]
    Rejected(String),
    /// The user's e-mail address is of no domain that may log in (`domain_restrictions`).
    #[error("users of this domain may not log in to this app")]
    DomainNotAllowed,
    /// The provider is switched off or not known.
    #[error("authentication via '{0}' is unsupported")]
    ProviderNotFound(String),
    /// A credential that is not good, and about which no more is said: an API key that is unknown, disabled or
    /// deleted, or a token of another authority that is not right.
    #[error("unauthorized")]
    Unauthorized,
    /// The credential to be linked belongs to another user. App Services said `unauthorized` and no more, at which
    /// realm-web renews its access token and links again, for ever.
    #[error("unauthorized: the credential belongs to another user")]
    LinkInUse,
    /// The user has an identity of this provider already, and may have only one: e-mail and password. App Services
    /// answers it in a way of its own (reference 3.3).
    #[error("unauthorized")]
    LinkedAlready,
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
    /// The registration is confirmed already, or the app confirms by itself.
    #[error("already confirmed")]
    AlreadyConfirmed,
    /// A token for confirmation or reset is well-formed, but not known any more.
    #[error("userpass token is expired or invalid")]
    TokenInvalid,
    /// An e-mail could not be sent; for whom. What it was about can be asked for again.
    #[error("the e-mail to \"{0}\" could not be sent; ask for it again")]
    MailNotSent(String),
    /// An API key's name has characters that it may not have.
    #[error("can only contain ASCII letters, numbers, underscores, and hyphens")]
    KeyName,
    /// An API key of this name exists.
    #[error("API key with name already exists")]
    KeyExists,
    /// No such API key, or another user's.
    #[error("API key not found")]
    KeyNotFound,
    /// The session was opened with the API key that is to be deleted.
    #[error("the API key that you are logged in with cannot be deleted; log in another way")]
    KeyInUse,
    /// Too many failed logins; try again after so many seconds.
    #[error("too many failed logins; try again in {0} s")]
    TooManyFailures(u64),
    /// Too many e-mails, calls of a confirmation or reset function, or new users; try again after so many seconds.
    #[error("asked too often; try again in {0} s")]
    TooManyRequests(u64),
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

/// What a function threw, as a login tells it (reference 3.3): of a plain `Error` its message, without the name that stands in
/// front of it in other answers.
pub(crate) fn thrown(message: &str) -> String {
    message.strip_prefix("Error: ").unwrap_or(message).to_owned()
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
