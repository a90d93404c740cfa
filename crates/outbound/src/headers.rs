//! Which headers a function decides.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName};

/// What becomes of a header that a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It is sent.
    Sent,
    /// The host sets it by itself, from the URL, the body and the connection; what the function says is left out, as
    /// Go's client does. Requests copied from other tools carry these.
    Ours,
    /// It would make the connection something else.
    Refused,
}

/// The rule for a header of a request.
pub(crate) fn rule(name: &HeaderName) -> Rule {
    match name.as_str() {
        "accept-encoding" | "connection" | "content-length" | "expect" | "host" | "keep-alive" | "proxy-connection"
        | "te" | "trailer" | "transfer-encoding" => Rule::Ours,
        "http2-settings" | "upgrade" => Rule::Refused,
        name if name.starts_with("proxy-") => Rule::Refused,
        _ => Rule::Sent,
    }
}

/// Removes what another origin than the one that was asked for must not see. A list of what may pass: credentials
/// stand in headers of any name.
pub(crate) fn keep_harmless(headers: &mut HeaderMap) {
    let kept = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE, header::RANGE, header::USER_AGENT];
    let mut harmless = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| kept.contains(name)) {
        harmless.append(name, value.clone());
    }
    *headers = harmless;
}

/// A name as Go writes it, which apps of App Services look for: `Content-Type`.
pub(crate) fn canonical(name: &str) -> String {
    let mut first = true;
    let mut letter = |letter: char| {
        let written = if first { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        first = letter == '-';
        written
    };
    name.chars().map(&mut letter).collect()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_are_written_as_go_does() {
        for name in ["Content-Type", "Etag", "X-Rate-Limit", "Www-Authenticate", "X-1-A"] {
            assert_eq!(canonical(&name.to_lowercase()), name);
        }
    }
}
