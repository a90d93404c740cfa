//! The cookie by which a browser is known again when it comes back from a provider.

use hyper::header::{COOKIE, HeaderMap};
use url::Url;
use usher_contract::limits;

pub(super) struct Cookie<'a> {
    pub(super) name: &'a str,
    /// The address that it is sent to, and no other.
    pub(super) callback: &'a str,
}

impl Cookie<'_> {
    pub(super) fn set(&self, value: &str) -> String {
        self.with(value, limits::AUTHORIZATION_LIFETIME.as_secs())
    }

    pub(super) fn forget(&self) -> String {
        self.with("", 0)
    }

    fn with(&self, value: &str, seconds: u64) -> String {
        let url = Url::parse(self.callback);
        let path = url.as_ref().map_or("/", Url::path);
        // Where a script of the app's own origin links an identity, or a provider posts a form, browsers call the cookie
        // another site's. They take such a cookie only over TLS, and without it this works within one site.
        let site = if url.as_ref().is_ok_and(|url| url.scheme() == "https") { "None; Secure" } else { "Lax" };
        format!("{}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={site}", self.name)
    }
}

/// The value of a cookie that a browser sent.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|pair| pair.0 == name)
        .map(|pair| pair.1)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_goes_to_the_callback_only() {
        let cookie = Cookie { name: "n", callback: "http://localhost:9090/api/callback" };
        assert_eq!(cookie.set("v"), "n=v; Path=/api/callback; Max-Age=600; HttpOnly; SameSite=Lax");
        let cookie = Cookie { name: "n", callback: "https://example.org/usher/api/callback" };
        assert_eq!(cookie.forget(), "n=; Path=/usher/api/callback; Max-Age=0; HttpOnly; SameSite=None; Secure");
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; bb=2"));
        headers.append(COOKIE, HeaderValue::from_static("b=x=y"));
        assert_eq!((find(&headers, "bb"), find(&headers, "b"), find(&headers, "c")), (Some("2"), Some("x=y"), None));
    }
}
