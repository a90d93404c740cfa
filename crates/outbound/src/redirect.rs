//! Where a response leads.

use hyper::{HeaderMap, Method, Response, StatusCode, header};
use url::Url;
use usher_contract::Failure;

use crate::failure::http_error;
use crate::headers::keep_harmless;
use crate::request::Request;

/// Where the response sends the request, if it does and the request follows.
pub(crate) fn target<B>(request: &Request, response: &Response<B>) -> Result<Option<Url>, Failure> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    if !request.follow || !redirects {
        return Ok(None);
    }
    let Some(location) = location(response.headers()) else {
        return Ok(None);
    };
    let target = request
        .url
        .join(&location)
        .map_err(|error| http_error(format!("redirected to `{location}`, which is not a URL: {error}")))?;
    Ok(Some(target))
}

fn location(headers: &HeaderMap) -> Option<String> {
    headers.get(header::LOCATION).map(|location| String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// The request that follows: as Go's client has it, only 307 and 308 repeat method and body.
pub(crate) fn next(request: Request, status: StatusCode, target: Url) -> Request {
    let mut next = Request { url: target, ..request };
    // A password in the answer's URL is not the function's.
    next.strip_credentials();
    if next.url.origin() != request.url.origin() {
        keep_harmless(&mut next.headers);
    }
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        next.body = bytes::Bytes::new();
        next.headers.remove(header::CONTENT_TYPE);
        if next.method != Method::HEAD {
            next.method = Method::GET;
        }
    }
    next
}
