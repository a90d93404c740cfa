//! What an endpoint's function is given of the request.

use bson::spec::BinarySubtype;
use bson::{Binary, Document, doc};
use hyper::http::request::Parts;
use url::form_urlencoded;
use usher_app::{Endpoint, RunAs, Validation};

use super::{caller, validation};
use crate::request;

/// `{query, headers, body?}`, and the query as it was written, without `secret` (reference 5.4). A secret that validated the
/// request is not in the payload either; one that the app looks at by itself is. Credentials of a user are not among the
/// headers where the function runs as that user.
pub(super) fn of(endpoint: &Endpoint, parts: &Parts, body: &[u8]) -> (Document, String) {
    let whole = parts.uri.query().unwrap_or_default();
    let raw = without_secret(whole);
    let given = if matches!(endpoint.validation, Validation::Query(_)) { &raw } else { whole };
    let mut query = Document::new();
    for (name, value) in form_urlencoded::parse(given.as_bytes()) {
        // Of a parameter that is given twice the first counts. A name with a NUL is none that BSON knows.
        if !query.contains_key(&*name) && !name.contains('\0') {
            query.insert(name, value.into_owned());
        }
    }
    let headers = match endpoint.run_as {
        RunAs::Caller => request::headers(&parts.headers, caller::is_credential),
        _ => request::headers(&parts.headers, |_| false),
    };
    let mut payload = doc! { "query": query, "headers": headers };
    if !body.is_empty() {
        payload.insert("body", Binary { subtype: BinarySubtype::Generic, bytes: body.to_vec() });
    }
    (payload, raw)
}

fn without_secret(query: &str) -> String {
    let others = query
        .split('&')
        .filter(|pair| form_urlencoded::parse(pair.as_bytes()).all(|(name, _)| name != validation::SECRET));
    others.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::super::tests::at;
    use super::*;

    fn given(endpoint: &Endpoint, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> (Document, String) {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        of(endpoint, &request.body(()).unwrap().into_parts().0, body)
    }

    #[test]
    fn a_request_becomes_a_document() {
        let headers = [("content-type", "text/plain"), ("x-two", "1"), ("X-Two", "2"), ("authorization", "Basic eA==")];
        let uri = "/a?name=Ada+L.&regions=na%2Ceu&name=Bob&empty&__proto__=x&%00=y";
        let (payload, raw) = given(&at("/a", None), uri, &headers, b"\xff\x00");
        let expected = doc! {
            "query": { "name": "Ada L.", "regions": "na,eu", "empty": "", "__proto__": "x" },
            "headers": { "Authorization": ["Basic eA=="], "Content-Type": ["text/plain"], "X-Two": ["1", "2"] },
            "body": Binary { subtype: BinarySubtype::Generic, bytes: vec![0xff, 0] },
        };
        assert_eq!(payload, expected);
        assert_eq!(raw, &uri[3..]);
        let (bare, raw) = given(&at("/a", None), "/a", &[], b"");
        assert_eq!((bare, raw.as_str()), (doc! { "query": {}, "headers": {} }, ""));
    }

    #[test]
    fn secrets_and_credentials_stay_outside() {
        let validation = Validation::Query("s".to_owned());
        let endpoint = Endpoint { validation, run_as: RunAs::Caller, ..at("/a", None) };
        let headers =
            [("authorization", "Bearer a.b.c"), ("Email", "e"), ("Password", "p"), ("apiKey", "k"), ("x", "1")];
        let (payload, raw) = given(&endpoint, "/a?a=1&secret=s&b=2&%73ecret=t", &headers, b"");
        assert_eq!(payload, doc! { "query": { "a": "1", "b": "2" }, "headers": { "X": ["1"] } });
        assert_eq!(raw, "a=1&b=2");
        // Where the app validates it by itself, it has to see it.
        let (payload, raw) = given(&at("/a", None), "/a?secret=s", &[], b"");
        assert_eq!((payload.get_document("query").unwrap(), raw.as_str()), (&doc! { "secret": "s" }, ""));
    }
}
