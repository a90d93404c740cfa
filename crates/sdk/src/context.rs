//! The run that is going on: who called, why, when. Asking twice gives the same answer.

use bson::DateTime;
use serde::Deserialize;

use crate::bindings::invocation;
use crate::cursor::document;
use crate::error::{Error, Result};
use crate::user::User;

pub use crate::bindings::invocation::InvocationReason as Reason;

/// The app that the function belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct App {
    /// The client app id.
    pub id: String,
    /// The name for people.
    pub name: String,
}

/// The user on whose behalf the function runs, also where it runs as the system; `None` where the system itself
/// calls, as it does when a user is created.
///
/// # Errors
/// Where the database cannot be asked.
pub fn caller() -> Result<Option<User>> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        r#type: &'a str,
    }
    let bytes = invocation::caller().map_err(Error::host)?;
    match bson::deserialize_from_slice::<Kind<'_>>(&bytes) {
        Ok(Kind { r#type: "system" }) => Ok(None),
        _ => document(&bytes).map(Some),
    }
}

/// The user on whose behalf the function runs.
///
/// # Errors
/// Where the caller is the system, or the database cannot be asked.
pub fn user() -> Result<User> {
    caller()?.ok_or_else(|| Error::new("the function was called by the system, not by a user"))
}

/// Whether grants are those of the system rather than of the caller.
pub fn running_as_system() -> bool {
    invocation::running_as_system()
}

/// The app.
///
/// # Errors
/// Where the host's answer cannot be read.
pub fn app() -> Result<App> {
    document(&invocation::app())
}

/// The invocation's id: 24 hexadecimal digits, the same as in the log.
pub fn id() -> String {
    invocation::id()
}

/// The time of the invocation.
pub fn now() -> DateTime {
    DateTime::from_millis(i64::try_from(invocation::now()).unwrap_or(i64::MAX))
}

/// Why the function runs: somebody called it, a user is about to be created, a request is to be answered, a trigger fired.
pub fn reason() -> Reason {
    invocation::reason()
}
