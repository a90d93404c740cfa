//! One request: the facts that its handler and its answer need.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bson::oid::ObjectId;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use usher_contract::limits;
use usher_dispatch::Deployment;
use usher_identity::Identity;

use crate::cors;
use crate::errors::ApiError;
use crate::services::Shared;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// One request, without its body.
pub(crate) struct Exchange {
    /// 24 hexadecimal digits; the invocation's id, too.
    pub(crate) id: String,
    pub(crate) parts: Parts,
    pub(crate) started: Instant,
    pub(crate) shared: Arc<Shared>,
    peer: IpAddr,
}

impl Exchange {
    pub(crate) fn new(parts: Parts, peer: SocketAddr, shared: Arc<Shared>) -> Self {
        Self { id: ObjectId::new().to_hex(), parts, started: Instant::now(), shared, peer: peer.ip().to_canonical() }
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.shared.services.identity
    }

    pub(crate) fn origin(&self) -> Option<&HeaderValue> {
        self.parts.headers.get(ORIGIN)
    }

    /// The client's address. Of `X-Forwarded-For` the last entry counts: the nearest proxy wrote it, while those
    /// before it may be the client's invention.
    pub(crate) fn peer(&self) -> IpAddr {
        self.forwarded(&FORWARDED_FOR)
            .and_then(|list| list.rsplit(',').next())
            .and_then(|address| forwarded_address(address.trim()))
            .map_or(self.peer, |address| address.to_canonical())
    }

    /// The base URL that the client uses, without a slash at its end.
    pub(crate) fn base(&self) -> String {
        if let Some(url) = &self.shared.services.options.public_url {
            return url.clone();
        }
        let scheme = match self.forwarded(&FORWARDED_PROTO).map(first) {
            Some("https") => "https",
            _ => "http",
        };
        let host = self
            .forwarded(&FORWARDED_HOST)
            .map(first)
            .or_else(|| self.parts.uri.authority().map(|authority| authority.as_str()))
            .or_else(|| self.header(&HOST))
            .filter(|host| is_host(host))
            .unwrap_or("localhost");
        format!("{scheme}://{host}")
    }

    /// The app of this id, if it is served here and the request's origin may use it.
    pub(crate) fn deployment(&self, app: &str) -> Result<Arc<Deployment>, ApiError> {
        let deployment = self.shared.services.dispatcher.deployment(app).ok_or_else(|| ApiError::app_not_found(app))?;
        match self.origin() {
            Some(origin) if !cors::allows(deployment.app(), origin) => Err(ApiError::domain_not_allowed(origin)),
            _ => Ok(deployment),
        }
    }

    /// The bearer token, and the app it says it is for: of the paths that carry no app id.
    pub(crate) fn token_deployment(&self) -> Result<(&str, Arc<Deployment>), ApiError> {
        let token = self.bearer()?;
        let app = self.identity().app_of_token(token)?;
        Ok((token, self.deployment(&app)?))
    }

    /// The token of the `Authorization` header (reference 3.5).
    pub(crate) fn bearer(&self) -> Result<&str, ApiError> {
        let value = self.parts.headers.get(AUTHORIZATION);
        let value = value.ok_or_else(ApiError::not_authenticated)?;
        bearer(value).ok_or_else(ApiError::bearer_expected)
    }

    /// The client app id to name in an error's link: of the path, else of the token, else none.
    pub(crate) fn app_label(&self) -> Option<String> {
        if let Some(app) = app_of_path(self.parts.uri.path()) {
            return Some(app.to_owned());
        }
        let token = self.parts.headers.get(AUTHORIZATION).and_then(bearer)?;
        self.identity().app_of_token(token).ok()
    }

    /// How large the body may be: only what is handed to a function may be more than a credential.
    pub(crate) fn body_limit(&self) -> usize {
        let path: Vec<&str> = segments(self.parts.uri.path()).collect();
        let large = matches!(path.as_slice(), [.., "functions", "call"] | ["api", "admin", "v3.0", "groups", ..]);
        match path.as_slice() {
            _ if large || is_endpoint(&path) => limits::REQUEST_BYTES,
            [.., "providers", "custom-token", "login"] => limits::EXTERNAL_TOKEN_BODY_BYTES,
            _ => limits::CREDENTIAL_BYTES,
        }
    }

    /// The last line of a forwarding header: the one that the trusted proxy wrote. Those before it are the client's.
    fn forwarded(&self, name: &HeaderName) -> Option<&str> {
        let last = || self.parts.headers.get_all(name).iter().next_back()?.to_str().ok();
        self.shared.services.options.trust_forwarded.then(last).flatten()
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The parts of a path. Empty ones do not count: realm-web keeps the slash at the end of a base URL, which makes
/// two in a row (reference 3.1).
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// Whether a path is one of endpoints or webhooks, which answer what an app makes of them.
pub(crate) fn is_endpoint(path: &[&str]) -> bool {
    matches!(
        path,
        ["app", _, "endpoint", ..]
            | ["api", "client", "v2.0", "app", _, "endpoint", ..]
            | ["api", "client", "v2.0", "app", _, "service", _, "incoming_webhook", _]
    )
}

/// The client app id that a path of the client API or of an endpoint holds.
pub(crate) fn app_of_path(path: &str) -> Option<&str> {
    if let ["app", app, "endpoint"] = segments(path).take(3).collect::<Vec<_>>()[..] {
        return Some(app);
    }
    let mut parts = segments(path).skip_while(|part| *part != "v2.0").skip(1);
    (parts.next() == Some("app")).then(|| parts.next()).flatten()
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// An address of `X-Forwarded-For`; some proxies write the port as well.
fn forwarded_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port)
}

fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default().trim()
}

/// Whether this can stand in a URL as host and port.
fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_stands_in_the_path() {
        assert_eq!(app_of_path("/api/client/v2.0/app/shop-abcde/location"), Some("shop-abcde"));
        assert_eq!(app_of_path("//api/client/v2.0/app/shop-abcde"), Some("shop-abcde"));
        assert_eq!(app_of_path("/app/shop-abcde/endpoint/hello"), Some("shop-abcde"));
        assert_eq!(app_of_path("/app/shop-abcde/other"), None);
        assert_eq!(app_of_path("/api/client/v2.0/auth/profile"), None);
        assert_eq!(app_of_path("/api/client/v2.0/app"), None);
    }

    #[test]
    fn a_bearer_token_is_told_from_other_headers() {
        let header = HeaderValue::from_static;
        assert_eq!(bearer(&header("Bearer a.b.c")), Some("a.b.c"));
        assert_eq!(bearer(&header("bearer a.b.c")), Some("a.b.c"));
        for other in ["Bearer", "Bearer ", "Basic abc", "", "a.b.c"] {
            assert_eq!(bearer(&header(other)), None, "{other:?}");
        }
    }

    #[test]
    fn a_host_that_could_not_stand_in_a_url_is_refused() {
        assert!(is_host("localhost:9090") && is_host("[::1]:80") && is_host("a.example.org"));
        assert!(!is_host("a/b") && !is_host("a\"b") && !is_host("") && !is_host("user@host"));
    }

    #[test]
    fn a_forwarded_address_may_have_a_port() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5678", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(forwarded_address(text), Some(expected.parse().unwrap()), "{text}");
        }
        for other in ["", "unknown", "192.0.2.1:", "_hidden"] {
            assert_eq!(forwarded_address(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_of_a_list_is_the_original() {
        assert_eq!(first("https, http"), "https");
        assert_eq!(first(" a.example.org "), "a.example.org");
    }
}
