//! Why the guard says no, and where.

use std::borrow::Cow;

use usher_contract::{ErrorCode, Failure};

/// The outcome of a check.
pub(super) type Check<T = ()> = Result<T, Refusal>;

/// A failure that learns its place while it is passed up. Boxed, so that a check that succeeds moves little.
#[derive(Debug)]
pub(super) struct Refusal(Box<Story>);

#[derive(Debug)]
struct Story {
    code: Cow<'static, str>,
    message: String,
    /// The innermost step first.
    path: Vec<String>,
}

impl Refusal {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Story { code: Cow::Borrowed(code.as_str()), message: message.into(), path: Vec::new() }))
    }

    /// The operation, or something in it, is not on an allow-list.
    pub(super) fn not_allowed(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::OperationNotAllowed, message)
    }

    /// The write would leave the scope.
    pub(super) fn outside(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::OutsideScope, message)
    }

    /// Not what MongoDB could read at this place.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidDocument, message)
    }
}

/// Adds the step that led to a refusal.
pub(super) trait At {
    /// The step may be a field, an operator or an index.
    fn at(self, step: impl ToString) -> Self;
}

impl<T> At for Check<T> {
    fn at(self, step: impl ToString) -> Self {
        self.map_err(|mut refusal| {
            refusal.0.path.push(step.to_string());
            refusal
        })
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(Box::new(Story { code: failure.code, message: failure.message, path: Vec::new() }))
    }
}

impl From<bson::error::Error> for Refusal {
    fn from(error: bson::error::Error) -> Self {
        Self::invalid(format!("not a BSON document: {error}"))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let Story { code, message, mut path } = *refusal.0;
        path.reverse();
        let message = match path.as_slice() {
            [] => message,
            steps => format!("{message} (at {})", steps.join(".")),
        };
        Self { code, message }
    }
}
