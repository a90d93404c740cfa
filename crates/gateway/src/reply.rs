//! Answers: JSON with exactly the headers that the clients need (reference 3.1).

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::cors;
use crate::errors::ApiError;
use crate::exchange::Exchange;

/// No parameter: the native clients compare the whole value.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-appservices-request-id");
/// The project of every app: hosts have no projects, but the links of App Services name one.
const GROUP: &str = "000000000000000000000000";

/// What goes out: whole as a rule, in pieces for a stream.
pub(crate) type Outgoing = UnsyncBoxBody<Bytes, Infallible>;

/// A successful answer.
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Outgoing,
    /// Whom it is about, for the log.
    user: Option<String>,
    endless: bool,
}

/// The mark of a response that goes on until somebody ends it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endless;

impl Reply {
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(body).map_err(|e| ApiError::internal(format!("an answer is not JSON: {e}")))?;
        Ok(Self::json_text(status, body))
    }

    /// An answer that is JSON already.
    pub(crate) fn json_text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, JSON);
        Self::with(status, headers, body)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::with(status, HeaderMap::new(), Vec::new())
    }

    /// An answer with headers of its own.
    pub(crate) fn with(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: Full::new(body.into()).boxed_unsync(), user: None, endless: false }
    }

    /// An answer that goes on, such as a stream of events. It counts as finished once it begins.
    pub(crate) fn stream(status: StatusCode, headers: HeaderMap, body: Outgoing) -> Self {
        Self { status, headers, body, user: None, endless: true }
    }

    /// Says whom the answer is about, for the log.
    pub(crate) fn about(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    link: String,
}

/// The response to an exchange: its outcome, the request id, and what a browser must be told.
pub(crate) fn response(exchange: &Exchange, outcome: Result<Reply, ApiError>) -> Response<Outgoing> {
    let hidden = outcome.as_ref().is_err_and(ApiError::hides_from_origin);
    let mut response = match outcome {
        Ok(reply) => body(reply),
        Err(error) => refusal(exchange, &error),
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&exchange.id) {
        headers.insert(REQUEST_ID, id);
    }
    match exchange.origin() {
        Some(origin) if !hidden => cors::admit(headers, origin),
        _ => {}
    }
    response
}

/// The response without what depends on the exchange.
pub(crate) fn body(reply: Reply) -> Response<Outgoing> {
    let mut response = Response::new(reply.body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    if reply.endless {
        response.extensions_mut().insert(Endless);
    }
    response
}

fn refusal(exchange: &Exchange, error: &ApiError) -> Response<Outgoing> {
    let app = exchange.app_label();
    let app = app.as_deref().unwrap_or("-");
    let refusal = ErrorBody {
        error: &error.message,
        error_code: error.code,
        link: format!("{}/groups/{GROUP}/apps/{app}/logs?co_id={}", exchange.base(), exchange.id),
    };
    let mut response = match Reply::json(error.status, &refusal) {
        Ok(reply) => body(reply),
        Err(_) => body(Reply::empty(error.status)),
    };
    if let Some(seconds) = error.retry_seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_with_a_body_has_a_content_type() {
        let response = body(Reply::empty(StatusCode::NO_CONTENT));
        assert!(response.headers().get(CONTENT_TYPE).is_none());
        let response = body(Reply::json(StatusCode::OK, &serde_json::json!(null)).unwrap());
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn a_refusal_without_a_code_has_no_such_member() {
        let body = ErrorBody { error: "e", error_code: None, link: "l".into() };
        assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"error":"e","link":"l"}"#);
    }
}
