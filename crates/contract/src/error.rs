//! Error codes: one stable word for each thing that can go wrong, the same in the log, in an answer and in
//! `docs/errors.md`, which says what each means and what to do.

use std::borrow::Cow;
use std::fmt;

/// A code that Usher itself gives. A function may answer with a code of its own instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The function answered with an error, or trapped.
    FunctionExecutionError,
    /// No public function of that name (reference 3.7).
    FunctionNotFound,
    /// The wall-clock budget ran out.
    ExecutionTimeLimitExceeded,
    /// The memory budget ran out.
    MemoryLimitExceeded,
    /// A table grew past its budget.
    TableLimitExceeded,
    /// The call stack grew past its limit, by deep recursion as a rule.
    StackLimitExceeded,
    /// More bytes crossed between function and host than the budget allows.
    HostBytesLimitExceeded,
    /// More calls from function to host than the budget allows.
    HostCallLimitExceeded,
    /// More collections and cursors open at once than the budget allows.
    HandleLimitExceeded,
    /// More was logged than the budget allows.
    LogLimitExceeded,
    /// Functions called functions too deeply.
    CallDepthExceeded,
    /// Every sandbox was busy until the queue's deadline.
    Overloaded,
    /// The function was not handed a grant of that name.
    GrantNotFound,
    /// The guard does not allow this stage, operator or option.
    OperationNotAllowed,
    /// The write would leave the scope of the grant.
    OutsideScope,
    /// No rule of the collection allows it.
    NoMatchingRuleFound,
    /// The document that would be written does not fit the collection's schema.
    SchemaValidationFailedWrite,
    /// The outcome of a task was taken before.
    InvalidTask,
    /// Bytes that should be a BSON document are not, or break a document limit.
    InvalidDocument,
    /// The database refused or failed the operation.
    MongoDBError,
    /// An HTTP request of a function could not be sent, or its answer not be read.
    HTTPError,
    /// Something failed inside Usher; the log has the story.
    InternalServerError,
}

impl ErrorCode {
    /// Every code, in the order of `docs/errors.md`.
    pub const ALL: &[Self] = &[
        Self::FunctionExecutionError,
        Self::FunctionNotFound,
        Self::ExecutionTimeLimitExceeded,
        Self::MemoryLimitExceeded,
        Self::TableLimitExceeded,
        Self::StackLimitExceeded,
        Self::HostBytesLimitExceeded,
        Self::HostCallLimitExceeded,
        Self::HandleLimitExceeded,
        Self::LogLimitExceeded,
        Self::CallDepthExceeded,
        Self::Overloaded,
        Self::GrantNotFound,
        Self::OperationNotAllowed,
        Self::OutsideScope,
        Self::NoMatchingRuleFound,
        Self::SchemaValidationFailedWrite,
        Self::InvalidTask,
        Self::InvalidDocument,
        Self::MongoDBError,
        Self::HTTPError,
        Self::InternalServerError,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FunctionExecutionError => "FunctionExecutionError",
            Self::FunctionNotFound => "FunctionNotFound",
            Self::ExecutionTimeLimitExceeded => "ExecutionTimeLimitExceeded",
            Self::MemoryLimitExceeded => "MemoryLimitExceeded",
            Self::TableLimitExceeded => "TableLimitExceeded",
            Self::StackLimitExceeded => "StackLimitExceeded",
            Self::HostBytesLimitExceeded => "HostBytesLimitExceeded",
            Self::HostCallLimitExceeded => "HostCallLimitExceeded",
            Self::HandleLimitExceeded => "HandleLimitExceeded",
            Self::LogLimitExceeded => "LogLimitExceeded",
            Self::CallDepthExceeded => "CallDepthExceeded",
            Self::Overloaded => "Overloaded",
            Self::GrantNotFound => "GrantNotFound",
            Self::OperationNotAllowed => "OperationNotAllowed",
            Self::OutsideScope => "OutsideScope",
            Self::NoMatchingRuleFound => "NoMatchingRuleFound",
            Self::SchemaValidationFailedWrite => "SchemaValidationFailedWrite",
            Self::InvalidTask => "InvalidTask",
            Self::InvalidDocument => "InvalidDocument",
            Self::MongoDBError => "MongoDBError",
            Self::HTTPError => "HTTPError",
            Self::InternalServerError => "InternalServerError",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an operation or a function did not succeed: the `error` record of the WIT package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// A stable word: one of [`ErrorCode`], or the function's own.
    pub code: Cow<'static, str>,
    /// For a person.
    pub message: String,
}

impl Failure {
    /// A failure with one of Usher's own codes.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code.as_str()), message: message.into() }
    }

    /// Whether this failure carries the given code.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code == code.as_str()
    }
}
