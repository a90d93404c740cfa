//! Refusals: the one place that gives them status and body.
//!
//! The body is `{"error", "error_code", "link"}` (reference 3.1). A client refreshes its token on a 401, or logs
//! the user out, so nothing but a log-in or a session problem has that status.
//!
//! | what happened | status | `error_code` | `error` |
//! |---|---|---|---|
//! | wrong password, unknown e-mail address, deleted user | 401 | `InvalidPassword` | `unauthorized` |
//! | registration not confirmed | 401 | `AuthError` | `unauthorized` |
//! | API key unknown, disabled or deleted | 401 | `AuthError` | `unauthorized` |
//! | linking a credential of another user | 401 | `AuthError` | `unauthorized: the credential belongs to another user` |
//! | linking a second e-mail/password identity | 500 | `AuthError` | `unauthorized` |
//! | user-creation function failed | 401 | `AuthError` | the function's message |
//! | token of another authority not right | 401 | `AuthError` | `unauthorized`; the reason is in the log |
//! | authenticating function failed, or gave no id | 401 | `AuthError` | its message |
//! | user of no domain that may log in | 401 | `DomainNotAllowed` | that |
//! | user disabled | 401 | `UserDisabled` | `user disabled` |
//! | token malformed, expired, of another kind or app; session ended | 401 | `InvalidSession` | `invalid session…` |
//! | no `Authorization` header | 401 | `InvalidSession` | `must authenticate first` |
//! | `Authorization` without a bearer token | 401 | none | `expected Authorization header with JWT (Bearer schema)` |
//! | provider switched off or unknown | 404 | `AuthProviderNotFound` | `authentication via '<provider>' is unsupported` |
//! | e-mail address registered already | 409 | `AccountNameInUse` | `name already in use` |
//! | e-mail address or password not acceptable; malformed request | 400 | `BadRequest` | what is wrong |
//! | a member is missing; of the wrong type | 400 | `MissingParameter`; `InvalidParameter` | which |
//! | confirmed already | 400 | `UserAlreadyConfirmed` | `already confirmed` |
//! | confirmation or reset token well-formed but unknown | 400 | `UserpassTokenInvalid` | `userpass token is expired or invalid` |
//! | no such user | 404 | `UserNotFound` | `user not found` |
//! | an e-mail could not be sent | 502 | `EmailNotSent` | to whom |
//! | name of an API key not acceptable | 400 | `InvalidParameter` | `can only contain ASCII letters, numbers, underscores, and hyphens` |
//! | name of an API key taken | 409 | `APIKeyAlreadyExists` | `API key with name already exists` |
//! | no such API key of this user | 404 | `APIKeyNotFound` | `API key not found` |
//! | deleting the API key that one is logged in with | 403 | `APIKeyInUse` | what to do instead |
//! | too many failed log-ins (with `Retry-After`) | 429 | `TooManyFailures` | when to try again |
//! | too many e-mails, calls of a confirmation or reset function, or new users (with `Retry-After`) | 429 | `TooManyRequests` | when to try again |
//! | unknown or private function | 404 | `FunctionNotFound` | `function not found: '<name>'` |
//! | function failed with `FunctionExecutionError` | 400 | `FunctionExecutionError` | its message |
//! | function ran out of time | 400 | `ExecutionTimeLimitExceeded` | its message |
//! | function failed with any other code, a budget's or its own | 400 | `FunctionExecutionError` | `<code>: <message>` |
//! | no sandbox or hashing thread free in time (with `Retry-After`) | 503 | `Overloaded` | what was busy |
//! | no endpoint, or one that is switched off or answers other methods | 404 | `EndpointNotFound` | method and route |
//! | no webhook, or one that is switched off or answers other methods | 404 | `IncomingWebhookNotFound` | method and name |
//! | secret or signature of a request to an endpoint wrong | 401 | `IncomingWebhookAuthFailed` | what is missing or wrong |
//! | endpoint that needs a user, request without credential | 400 | `InvalidParameter` | `no authentication methods were specified` |
//! | endpoint that makes no users, credential of nobody yet | 401 | `AuthError` | what to do |
//! | registering for push messages | 404 | `ServiceNotFound` | `service not found: '<name>'` |
//! | unknown app | 404 | `AppNotFound` | `cannot find app using Client App ID '<id>'` |
//! | origin not in `allowed_request_origins` | 403 | `DomainNotAllowed` | which |
//! | unknown path | 404 | `NotFound` | method and path |
//! | body larger than `REQUEST_BYTES`; body too slow | 413; 408 | `RequestTooLarge`; `RequestTimeout` | the limit |
//! | anything that failed inside | 500 | `InternalServerError` | `internal error`; the story is in the log only |

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::HeaderValue;
use usher_contract::{ErrorCode, Failure, limits};
use usher_dispatch::CallError;
use usher_identity::IdentityError;

/// Seconds after which a client may try again when the host was busy.
const BUSY_RETRY_SECONDS: u64 = 1;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<&'static str>,
    pub(crate) message: Cow<'static, str>,
    /// For the header `Retry-After`.
    pub(crate) retry_seconds: Option<u64>,
    /// For the log, never for the client.
    pub(crate) story: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: Some(code), message: message.into(), retry_seconds: None, story: None }
    }

    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(crate) fn missing_parameter(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MissingParameter", message)
    }

    pub(crate) fn invalid_parameter(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", message)
    }

    pub(crate) fn not_authenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidSession", "must authenticate first")
    }

    pub(crate) fn bearer_expected() -> Self {
        Self {
            code: None,
            ..Self::new(StatusCode::UNAUTHORIZED, "", "expected Authorization header with JWT (Bearer schema)")
        }
    }

    pub(crate) fn function_execution(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "FunctionExecutionError", message)
    }

    pub(crate) fn app_not_found(app: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "AppNotFound", format!("cannot find app using Client App ID '{app}'"))
    }

    pub(crate) fn path_not_found(method: &str, path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", format!("there is nothing at {method} {path}"))
    }

    /// What App Services says where an endpoint needs a user.
    pub(crate) fn no_credential() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", "no authentication methods were specified")
    }

    pub(crate) fn endpoint_not_found(code: &'static str, message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// A request that did not show that it may. Realm clients, which refresh a session on a 401, do not call endpoints.
    pub(crate) fn not_validated(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "IncomingWebhookAuthFailed", message)
    }

    pub(crate) fn domain_not_allowed(origin: &HeaderValue) -> Self {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let message = format!("the origin {origin} is not among this app's allowed_request_origins");
        Self::new(StatusCode::FORBIDDEN, DOMAIN_NOT_ALLOWED, message)
    }

    /// Whether a browser's script must not even see the answer.
    pub(crate) fn hides_from_origin(&self) -> bool {
        self.status == StatusCode::FORBIDDEN && self.code == Some(DOMAIN_NOT_ALLOWED)
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the request body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", message)
    }

    pub(crate) fn body_too_slow() -> Self {
        let seconds = limits::REQUEST_BODY_DEADLINE.as_secs();
        let message = format!("the request body did not arrive within {seconds} s");
        Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
    }

    pub(crate) fn internal(story: String) -> Self {
        Self {
            story: Some(story),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "internal error")
        }
    }

    /// A failed action of a data source (reference 3.7 and 6): codes of the database and of the rules are the client's,
    /// too. A host that is busy, with answers or with functions of the rules, says that it is.
    pub(crate) fn from_service(failure: Failure) -> Self {
        if failure.is(ErrorCode::Overloaded) {
            Self::overloaded(failure.message)
        } else if failure.is(ErrorCode::MongoDBError) {
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "MongoDBError", failure.message)
        } else if failure.is(ErrorCode::NoMatchingRuleFound) {
            Self::new(StatusCode::BAD_REQUEST, "NoMatchingRuleFound", failure.message)
        } else if failure.is(ErrorCode::SchemaValidationFailedWrite) {
            Self::new(StatusCode::BAD_REQUEST, "SchemaValidationFailedWrite", failure.message)
        } else {
            failure.into()
        }
    }

    pub(crate) fn overloaded(message: String) -> Self {
        Self {
            retry_seconds: Some(BUSY_RETRY_SECONDS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Overloaded", message)
        }
    }
}

const DOMAIN_NOT_ALLOWED: &str = "DomainNotAllowed";

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::InvalidPassword => Self::new(StatusCode::UNAUTHORIZED, "InvalidPassword", message),
            IdentityError::Pending
            | IdentityError::CreationFailed(_)
            | IdentityError::Unauthorized
            | IdentityError::Rejected(_)
            | IdentityError::LinkInUse => Self::new(StatusCode::UNAUTHORIZED, "AuthError", message),
            IdentityError::LinkedAlready => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "AuthError", message),
            IdentityError::UserDisabled => Self::new(StatusCode::UNAUTHORIZED, "UserDisabled", message),
            IdentityError::DomainNotAllowed => Self::new(StatusCode::UNAUTHORIZED, DOMAIN_NOT_ALLOWED, message),
            IdentityError::ProviderNotFound(_) => Self::new(StatusCode::NOT_FOUND, "AuthProviderNotFound", message),
            IdentityError::AccountNameInUse => Self::new(StatusCode::CONFLICT, "AccountNameInUse", message),
            IdentityError::BadRequest(_) => Self::bad_request(message),
            IdentityError::InvalidSession(_) => Self::new(StatusCode::UNAUTHORIZED, "InvalidSession", message),
            IdentityError::UserNotFound => Self::new(StatusCode::NOT_FOUND, "UserNotFound", message),
            IdentityError::AlreadyConfirmed => Self::new(StatusCode::BAD_REQUEST, "UserAlreadyConfirmed", message),
            IdentityError::TokenInvalid => Self::new(StatusCode::BAD_REQUEST, "UserpassTokenInvalid", message),
            IdentityError::MailNotSent(_) => Self::new(StatusCode::BAD_GATEWAY, "EmailNotSent", message),
            IdentityError::KeyName => Self::invalid_parameter(message),
            IdentityError::KeyExists => Self::new(StatusCode::CONFLICT, "APIKeyAlreadyExists", message),
            IdentityError::KeyNotFound => Self::new(StatusCode::NOT_FOUND, "APIKeyNotFound", message),
            IdentityError::KeyInUse => Self::new(StatusCode::FORBIDDEN, "APIKeyInUse", message),
            IdentityError::TooManyRequests(seconds) => Self {
                retry_seconds: Some(seconds),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
            },
            IdentityError::TooManyFailures(seconds) => Self {
                retry_seconds: Some(seconds),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyFailures", message)
            },
            IdentityError::Overloaded(_) => Self::overloaded(message),
            IdentityError::Internal(source) => Self::internal(story(source.as_ref())),
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "FunctionNotFound", error.to_string()),
            CallError::Overloaded(message) => Self::overloaded(message),
            CallError::Failed(failure) => failure.into(),
        }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        if failure.is(ErrorCode::InternalServerError) {
            Self::internal(failure.message)
        } else if failure.is(ErrorCode::FunctionExecutionError) {
            Self::function_execution(failure.message)
        } else if failure.is(ErrorCode::ExecutionTimeLimitExceeded) {
            Self::new(StatusCode::BAD_REQUEST, "ExecutionTimeLimitExceeded", failure.message)
        } else {
            Self::function_execution(failure.to_string())
        }
    }
}

/// An error with all its causes.
pub(crate) fn story(error: &dyn std::error::Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        story.push_str(": ");
        story.push_str(&inner.to_string());
        cause = inner.source();
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(error: impl Into<ApiError>) -> (u16, &'static str, String, Option<u64>) {
        let error = error.into();
        (error.status.as_u16(), error.code.unwrap_or(""), error.message.into_owned(), error.retry_seconds)
    }

    #[test]
    fn identity_errors_become_the_replies_of_the_table() {
        use IdentityError as E;
        let text = || "because".to_owned();
        let table = [
            (E::InvalidPassword, (401, "InvalidPassword", "unauthorized", None)),
            (E::Pending, (401, "AuthError", "unauthorized", None)),
            (E::CreationFailed(text()), (401, "AuthError", "because", None)),
            (E::Rejected(text()), (401, "AuthError", "because", None)),
            (E::DomainNotAllowed, (401, "DomainNotAllowed", "users of this domain may not log in to this app", None)),
            (E::UserDisabled, (401, "UserDisabled", "user disabled", None)),
            (
                E::ProviderNotFound("api-key".into()),
                (404, "AuthProviderNotFound", "authentication via 'api-key' is unsupported", None),
            ),
            (E::Unauthorized, (401, "AuthError", "unauthorized", None)),
            (E::LinkInUse, (401, "AuthError", "unauthorized: the credential belongs to another user", None)),
            (E::LinkedAlready, (500, "AuthError", "unauthorized", None)),
            (E::AlreadyConfirmed, (400, "UserAlreadyConfirmed", "already confirmed", None)),
            (E::TokenInvalid, (400, "UserpassTokenInvalid", "userpass token is expired or invalid", None)),
            (E::KeyExists, (409, "APIKeyAlreadyExists", "API key with name already exists", None)),
            (E::KeyNotFound, (404, "APIKeyNotFound", "API key not found", None)),
            (E::TooManyRequests(9), (429, "TooManyRequests", "asked too often; try again in 9 s", Some(9))),
            (E::AccountNameInUse, (409, "AccountNameInUse", "name already in use", None)),
            (E::BadRequest(text()), (400, "BadRequest", "because", None)),
            (E::InvalidSession(text()), (401, "InvalidSession", "because", None)),
            (E::UserNotFound, (404, "UserNotFound", "user not found", None)),
            (E::TooManyFailures(9), (429, "TooManyFailures", "too many failed logins; try again in 9 s", Some(9))),
            (E::Overloaded(text()), (503, "Overloaded", "because", Some(BUSY_RETRY_SECONDS))),
        ];
        for (error, (status, code, message, retry)) in table {
            assert_eq!(row(error), (status, code, message.to_owned(), retry));
        }
    }

    #[test]
    fn call_errors_become_the_replies_of_the_table() {
        let failed = |code, message: &str| CallError::Failed(Failure::new(code, message));
        let own = CallError::Failed(Failure { code: "OutOfStock".into(), message: "none left".into() });
        let table = [
            (CallError::NotFound("f".into()), (404, "FunctionNotFound", "function not found: 'f'", None)),
            (CallError::Overloaded("busy".into()), (503, "Overloaded", "busy", Some(BUSY_RETRY_SECONDS))),
            (failed(ErrorCode::FunctionExecutionError, "boom"), (400, "FunctionExecutionError", "boom", None)),
            (failed(ErrorCode::ExecutionTimeLimitExceeded, "60 s"), (400, "ExecutionTimeLimitExceeded", "60 s", None)),
            (
                failed(ErrorCode::MemoryLimitExceeded, "64 MiB"),
                (400, "FunctionExecutionError", "MemoryLimitExceeded: 64 MiB", None),
            ),
            (own, (400, "FunctionExecutionError", "OutOfStock: none left", None)),
        ];
        for (error, (status, code, message, retry)) in table {
            assert_eq!(row(error), (status, code, message.to_owned(), retry));
        }
    }

    #[test]
    fn failed_actions_of_a_data_source_become_the_replies_of_the_table() {
        let table = [
            (ErrorCode::MongoDBError, (500, "MongoDBError", "because", None)),
            (ErrorCode::NoMatchingRuleFound, (400, "NoMatchingRuleFound", "because", None)),
            (ErrorCode::SchemaValidationFailedWrite, (400, "SchemaValidationFailedWrite", "because", None)),
            (ErrorCode::FunctionExecutionError, (400, "FunctionExecutionError", "because", None)),
            (ErrorCode::OperationNotAllowed, (400, "FunctionExecutionError", "OperationNotAllowed: because", None)),
            (ErrorCode::InvalidDocument, (400, "FunctionExecutionError", "InvalidDocument: because", None)),
            (ErrorCode::ExecutionTimeLimitExceeded, (400, "ExecutionTimeLimitExceeded", "because", None)),
            (ErrorCode::Overloaded, (503, "Overloaded", "because", Some(BUSY_RETRY_SECONDS))),
        ];
        for (code, (status, name, message, retry)) in table {
            let error = ApiError::from_service(Failure::new(code, "because"));
            assert_eq!(row(error), (status, name, message.to_owned(), retry));
        }
    }

    #[test]
    fn no_failed_call_is_a_401() {
        for code in ErrorCode::ALL {
            let error = ApiError::from(CallError::Failed(Failure::new(*code, "x")));
            assert_ne!(error.status, StatusCode::UNAUTHORIZED, "{code}");
        }
    }

    #[test]
    fn what_failed_inside_is_told_to_the_log_only() {
        let source = std::io::Error::other("mongodb://user:secret@host is down");
        for error in [
            ApiError::from(IdentityError::Internal(Box::new(source))),
            ApiError::from(Failure::new(ErrorCode::InternalServerError, "secret path")),
        ] {
            assert_eq!((error.status.as_u16(), error.message.as_ref()), (500, "internal error"));
            assert!(error.story.is_some_and(|story| story.contains("secret")));
        }
    }
}
