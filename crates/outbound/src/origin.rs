//! Where a request may go.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};
use usher_contract::Failure;

use crate::failure::http_error;

/// A scheme, a host and a port. As a grant its host may begin with `*.` for every host below; such a grant never
/// reaches an IP address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// A name in lower case, or an IP address.
    pub host: String,
    /// The port; 80 and 443 are written out here.
    pub port: u16,
}

impl Origin {
    /// The origin of a URL.
    pub(crate) fn of(url: &Url) -> Result<Self, Failure> {
        let scheme = url.scheme();
        if !matches!(scheme, "http" | "https") {
            return Err(http_error(format!("a request goes to an http or https URL, not to `{scheme}:`")));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(http_error("the URL names no host")),
        };
        let port = url.port_or_known_default().ok_or_else(|| http_error("the URL names no port"))?;
        Ok(Self { scheme: scheme.to_owned(), host, port })
    }

    /// Whether this grant allows requests to an origin.
    pub(crate) fn covers(&self, origin: &Self) -> bool {
        self.scheme == origin.scheme && self.port == origin.port && self.covers_host(&origin.host)
    }

    fn covers_host(&self, host: &str) -> bool {
        let granted = self.host.trim_start_matches('[').trim_end_matches(']');
        match (granted.strip_prefix("*."), granted.parse::<IpAddr>(), host.parse::<IpAddr>()) {
            (None, Ok(granted), Ok(host)) => granted == host,
            (None, Err(_), Err(_)) => granted.eq_ignore_ascii_case(host),
            (Some(parent), _, Err(_)) => {
                let below = host.to_ascii_lowercase();
                !parent.is_empty()
                    && below
                        .strip_suffix(&parent.to_ascii_lowercase())
                        .and_then(|rest| rest.strip_suffix('.'))
                        .is_some_and(|label| !label.is_empty())
            }
            _ => false,
        }
    }
}

impl fmt::Display for Origin {
    /// As it stands in a URL and in a grant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]")?,
            false => write!(f, "{scheme}://{host}")?,
        }
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => Ok(()),
            _ => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use url::Url;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    fn grant(scheme: &str, host: &str, port: u16) -> Origin {
        Origin { scheme: scheme.into(), host: host.into(), port }
    }

    #[test]
    fn a_grant_covers_its_own_origin_only() {
        let granted = grant("https", "api.example.com", 443);
        for url in ["https://api.example.com/a?b", "https://API.example.com:443", "https://user:word@api.example.com/"]
        {
            assert!(granted.covers(&origin(url)), "{url}");
        }
        for url in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://example.com/",
            "https://x.api.example.com/",
            "https://api.example.com.evil.net/",
            "https://evil.net/api.example.com",
            "https://api.example.com@evil.net/",
            "https://api.example.com./",
            "https://apiXexample.com/",
        ] {
            assert!(!granted.covers(&origin(url)), "{url}");
        }
    }

    #[test]
    fn a_wildcard_covers_hosts_below_and_never_an_address() {
        let granted = grant("https", "*.example.com", 443);
        assert!(
            granted.covers(&origin("https://a.example.com/")) && granted.covers(&origin("https://a.b.example.com/"))
        );
        for url in ["https://example.com/", "https://aexample.com/", "https://.example.com/", "https://1.2.3.4/"] {
            assert!(!Url::parse(url).is_ok_and(|url| granted.covers(&Origin::of(&url).unwrap())), "{url}");
        }
        assert!(!grant("http", "*.0.0.1", 80).covers(&origin("http://127.0.0.1/")));
        assert!(!grant("http", "*.", 80).covers(&origin("http://example.com./")));
        assert!(!grant("http", "*", 80).covers(&origin("http://example.com/")));
    }

    #[test]
    fn addresses_are_compared_as_such() {
        let granted = grant("http", "127.0.0.1", 80);
        for url in ["http://127.0.0.1/", "http://127.1/", "http://0x7f000001/", "http://2130706433/"] {
            assert!(granted.covers(&origin(url)), "{url}");
        }
        for url in ["http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://127.0.0.2/", "http://localhost/"] {
            assert!(!granted.covers(&origin(url)), "{url}");
        }
        for host in ["[::1]", "::1", "0:0::1"] {
            assert!(grant("http", host, 80).covers(&origin("http://[::1]/")), "{host}");
        }
    }

    #[test]
    fn an_origin_is_shown_as_in_a_url() {
        for url in ["https://api.example.com", "http://localhost:8080", "http://[::1]:81", "http://127.0.0.1"] {
            assert_eq!(origin(url).to_string(), url);
        }
    }

    #[test]
    fn only_http_has_origins() {
        for url in ["ftp://example.com/", "file:///etc/passwd", "data:text/plain,x", "unix:/run/socket"] {
            assert!(Origin::of(&Url::parse(url).unwrap()).unwrap_err().message.contains("http"), "{url}");
        }
    }
}
