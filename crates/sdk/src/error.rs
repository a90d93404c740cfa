//! What a function answers when it does not succeed.

use std::fmt;

use crate::bindings;

/// The code of an error that names none.
const DEFAULT_CODE: &str = "FunctionExecutionError";

/// Why a function, or an operation it asked for, did not succeed.
///
/// The message reaches the client that called. `?` makes one of any `std::error::Error`; an error of the host
/// keeps its code.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    code: String,
    message: String,
}

/// A result with [`Error`], unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with the code `FunctionExecutionError`. The message is for a person.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { code: DEFAULT_CODE.to_owned(), message: message.to_string() }
    }

    /// The same error under a code of the function's own, for programs to tell errors apart.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// A stable word, such as `OperationNotAllowed`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// For a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the host answered. Not a `From`, which would stand beside the one for every error.
    pub(crate) fn host(error: bindings::Error) -> Self {
        Self { code: error.code, message: error.message }
    }

    /// What went wrong in BSON, without the crate's frame around it.
    pub(crate) fn bson(error: bson::error::Error) -> String {
        error.message.clone().unwrap_or_else(|| error.to_string())
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl From<Error> for bindings::Error {
    fn from(error: Error) -> Self {
        Self { code: error.code, message: error.message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
