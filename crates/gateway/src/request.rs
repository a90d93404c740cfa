//! The request as functions see it: `context.request` (reference 5.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{Document, doc};
use hyper::header::{AUTHORIZATION, COOKIE, REFERER, USER_AGENT};
use usher_contract::value;

use crate::exchange::Exchange;

/// A BSON document. Credentials are left out: they are the client's, and the caller is in `context.user`.
pub(crate) fn describe(exchange: &Exchange) -> Arc<[u8]> {
    let parts = &exchange.parts;
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in &parts.headers {
        if ![AUTHORIZATION, COOKIE].contains(name) {
            let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
            headers.entry(canonical(name.as_str())).or_default().push(text);
        }
    }
    let header = |name| parts.headers.get(name).and_then(|text| text.to_str().ok()).unwrap_or_default();
    let request = doc! {
        "remoteIPAddress": exchange.peer().to_string(),
        "requestHeaders": headers.into_iter().map(|(name, list)| (name, list.into())).collect::<Document>(),
        "webhookUrl": "",
        "httpMethod": parts.method.as_str(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "httpReferrer": header(REFERER),
        "httpUserAgent": header(USER_AGENT),
        "service": "",
        "action": "",
    };
    value::bytes(&request).unwrap_or_default().into()
}

/// A header's name as App Services wrote it: `Content-Type`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    });
    words.collect::<Vec<_>>().join("-")
}
