//! The request as functions see it: `context.request` (reference 5.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{Document, doc};
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, REFERER, USER_AGENT};
use usher_contract::value;

use crate::exchange::Exchange;
use crate::watch;

/// A BSON document. Credentials are left out: they are the client's, and the caller is in `context.user`.
pub(crate) fn describe(exchange: &Exchange) -> Arc<[u8]> {
    let hidden = |name: &HeaderName| [AUTHORIZATION, COOKIE].contains(name);
    let headers = headers(&exchange.parts.headers, hidden);
    written(exchange, headers, None, &without_token(exchange.parts.uri.query().unwrap_or_default()))
}

/// A query without the access token, which native clients send there when they watch (reference 3.7).
fn without_token(query: &str) -> String {
    let kept = |pair: &&str| {
        let mut parsed = url::form_urlencoded::parse(pair.as_bytes());
        parsed.next().is_none_or(|(name, _)| !watch::ACCESS_TOKEN.contains(&name.as_ref()))
    };
    query.split('&').filter(kept).collect::<Vec<_>>().join("&")
}

/// As [`describe`], of a request to an endpoint or webhook; `headers` and `query` without what the function must not see.
/// `url` is the route of an endpoint, the whole URL of a webhook.
pub(crate) fn describe_webhook(exchange: &Exchange, headers: Document, url: &str, query: &str) -> Arc<[u8]> {
    written(exchange, headers, Some(url), query)
}

/// What a request does not have is absent, as documented.
fn written(exchange: &Exchange, headers: Document, url: Option<&str>, query: &str) -> Arc<[u8]> {
    let parts = &exchange.parts;
    let header = |name| parts.headers.get(name).and_then(|text| text.to_str().ok());
    let mut request = doc! {
        "remoteIPAddress": exchange.peer().to_string(),
        "requestHeaders": headers,
        "httpMethod": parts.method.as_str(),
        "rawQueryString": query,
        "service": "",
        "action": "",
    };
    let others = [("webhookUrl", url), ("httpReferrer", header(REFERER)), ("httpUserAgent", header(USER_AGENT))];
    request.extend(others.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    value::bytes(&request).unwrap_or_default().into()
}

/// The headers that are not hidden, each with a list of its values.
pub(crate) fn headers(all: &HeaderMap, hidden: impl Fn(&HeaderName) -> bool) -> Document {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in all {
        if !hidden(name) {
            let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
            headers.entry(canonical(name.as_str())).or_default().push(text);
        }
    }
    headers.into_iter().map(|(name, list)| (name, list.into())).collect()
}

/// A header's name as App Services wrote it: `Content-Type`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_rules_see_no_access_token() {
        assert_eq!(without_token("a=1&baas_at=x.y.z&b=%20"), "a=1&b=%20");
        assert_eq!(without_token("stitch%5Fat=x.y.z&baas_request=e30%3D"), "baas_request=e30%3D");
        assert_eq!(without_token(""), "");
    }
}
