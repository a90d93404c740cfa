//! What a function is told.

use std::error::Error;

use hyper_util::client::legacy;
use usher_contract::{ErrorCode, Failure, limits};

use crate::origin::Origin;
use crate::resolver::Unresolved;

/// A request that cannot be sent, or an answer that cannot be read.
pub(crate) fn http_error(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::HTTPError, message)
}

/// No grant covers the origin.
pub(crate) fn not_granted(origin: &Origin, redirected: bool) -> Failure {
    let way = if redirected { "the request was redirected to" } else { "the request goes to" };
    Failure::new(
        ErrorCode::GrantNotFound,
        format!("{way} {origin}, which is not granted: add \"{origin}\" to \"http\" in usher.json"),
    )
}

/// The chain of redirects is too long.
pub(crate) fn redirects(origin: &Origin) -> Failure {
    http_error(format!("stopped after {} redirects, at {origin}", limits::HTTP_REDIRECTS))
}

/// No response came.
pub(crate) fn of_exchange(origin: &Origin, error: &legacy::Error) -> Failure {
    if let Some(Unresolved::Private) = causes(error).find_map(|cause| cause.downcast_ref()) {
        return Failure::new(
            ErrorCode::GrantNotFound,
            format!(
                "{origin} leads into a private network, whose addresses a grant has to name: add the address in place of \
                 `{}` to \"http\" in usher.json",
                origin.host
            ),
        );
    }
    let did = if error.is_connect() { "cannot connect to" } else { "no answer from" };
    http_error(format!("{did} {origin}: {}", innermost(error)))
}

/// The response broke off.
pub(crate) fn of_body(origin: &Origin, error: &hyper::Error) -> Failure {
    http_error(format!("the response of {origin} broke off: {}", innermost(error)))
}

/// The first cause: the layers above it say nothing that helps, and never the URL, which may hold secrets.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
