//! Browsers: which origins may call an app, and how they are told (reference 3.1).

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    HeaderMap, HeaderValue, VARY,
};
use hyper::{Response, StatusCode};
use usher_app::App;

use crate::errors::ApiError;
use crate::exchange::{Exchange, app_of_path, is_endpoint, segments};
use crate::reply::{self, Outgoing, Reply};

/// How long a browser may remember a preflight, in seconds. Short, so that a change of the list is soon felt; the
/// requests themselves are checked each time.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// What realm-web sends (reference 3.1).
const CLIENT_HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type, Accept");

/// Whether browsers may call this app from this origin. An empty list allows all.
pub(crate) fn allows(app: &App, origin: &HeaderValue) -> bool {
    listed(&app.allowed_request_origins, origin)
}

fn listed(allowed: &[String], origin: &HeaderValue) -> bool {
    allowed.is_empty()
        || allowed.iter().any(|one| {
            // Schemes and hosts know no case; people write a slash at the end.
            one.trim_end_matches('/').as_bytes().eq_ignore_ascii_case(origin.as_bytes())
        })
}

/// Tells a browser that the origin's scripts may read this answer. The origin is named, not `*`, because linking
/// sends credentials. What an endpoint's function says besides stays beside it.
pub(crate) fn admit(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers
        .append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Baas-Location, X-Appservices-Request-Id"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// The answer to `OPTIONS`. A path without an app id is open to every origin: the request itself will carry a
/// token, which tells the app. So is an unknown app, so that a script can read the error. The headers that clients of the
/// client API send are known; what an endpoint is sent is its app's business.
pub(crate) fn preflight(exchange: &Exchange) -> Response<Outgoing> {
    let app = app_of_path(exchange.parts.uri.path());
    let refused = app.and_then(|app| match exchange.deployment(app) {
        Err(error) if error.hides_from_origin() => Some(error),
        _ => None,
    });
    let (allowed, path) = (refused.is_none(), segments(exchange.parts.uri.path()).collect::<Vec<_>>());
    let asked = exchange.parts.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| is_endpoint(&path)).cloned();
    let outcome = refused.map_or_else(|| Ok(Reply::empty(StatusCode::NO_CONTENT)), |error: ApiError| Err(error));
    let mut response = reply::response(exchange, outcome);
    if allowed && exchange.origin().is_some() {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(CLIENT_HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_allows_all_and_another_only_its_own() {
        let list = ["https://shop.example.org/".to_owned(), "http://localhost:3000".to_owned()];
        let origin = HeaderValue::from_static;
        assert!(listed(&[], &origin("https://anywhere.example")));
        assert!(listed(&list, &origin("https://shop.example.org")));
        assert!(listed(&list, &origin("https://SHOP.example.org")));
        assert!(listed(&list, &origin("http://localhost:3000")));
        for foreign in ["http://shop.example.org", "https://shop.example.org.evil.example", "null", ""] {
            assert!(!listed(&list, &origin(foreign)), "{foreign:?}");
        }
    }
}
