//! Refusals of the control plane, with their statuses:
//!
//! | what happened | status | `error_code` | `error` |
//! |---|---|---|---|
//! | wrong key, password or name of an administrator | 401 | `AuthError` | `unauthorized` |
//! | token malformed, expired or of a user; session ended | 401 | `InvalidSession` | `invalid session…` |
//! | an administrator who may only look wants to change something | 403 | `Forbidden` | which role it takes |
//! | no such app, draft, deployment, secret, function, … | 404 | `AppNotFound` and the like | `app not found` and the like |
//! | the app would not run with the change | 400 | `BadRequest` | every mistake |
//! | a second thing of one name | 400 | `FunctionDuplicateName` and the like | which |
//! | a second draft; no key to encrypt under; an app that is served from a directory | 409 | `DraftAlreadyExists`, `EncryptionKeyMissing`, `AppServedFromDirectory` | what to do |
//! | too many failed logins (with `Retry-After`) | 429 | `TooManyFailures` | when to try again |

use hyper::StatusCode;
use usher_control::ControlError;

use crate::errors::{ApiError, story};

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let message = error.to_string();
        match error {
            ControlError::NotFound(code, _) => Self::new(StatusCode::NOT_FOUND, code, message),
            ControlError::Invalid(code, _) => Self::new(StatusCode::BAD_REQUEST, code, message),
            ControlError::Conflict(code, _) => Self::new(StatusCode::CONFLICT, code, message),
            ControlError::Unauthorized => Self::new(StatusCode::UNAUTHORIZED, "AuthError", message),
            ControlError::InvalidSession(_) => Self::new(StatusCode::UNAUTHORIZED, "InvalidSession", message),
            ControlError::TooManyFailures(seconds) => Self {
                retry_seconds: Some(seconds),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyFailures", message)
            },
            ControlError::Internal(source) => Self::internal(story(source.as_ref())),
        }
    }
}

/// An administrator who may only look wants to change something.
pub(super) fn read_only() -> ApiError {
    let message = "this key may look but change nothing: it takes one with the role owner";
    ApiError::new(StatusCode::FORBIDDEN, "Forbidden", message)
}

/// Somebody wants to change an app that the host reads from a directory.
pub(super) fn directory() -> ApiError {
    let message = "this app is served from a directory (usher serve --app), which the admin API does not write: change \
                   the files there, or make an app with POST …/apps";
    ApiError::new(StatusCode::CONFLICT, "AppServedFromDirectory", message)
}
