//! How a request to an endpoint shows that it may: by a secret or by a signature.

use hmac::{Hmac, Mac};
use hyper::header::HeaderName;
use hyper::http::request::Parts;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::form_urlencoded;
use usher_app::{Endpoint, Validation};

use crate::errors::ApiError;

const ENDPOINT_SIGNATURE: HeaderName = HeaderName::from_static("endpoint-signature");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("x-hook-signature");

/// The query parameter that holds the secret.
pub(super) const SECRET: &str = "secret";

/// Refuses a request that does not show that it may.
pub(super) fn check(endpoint: &Endpoint, parts: &Parts, body: &[u8]) -> Result<(), ApiError> {
    match &endpoint.validation {
        Validation::None => Ok(()),
        Validation::Query(secret) => {
            let query = parts.uri.query().unwrap_or_default();
            let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == SECRET);
            let (_, given) =
                given.ok_or_else(|| ApiError::not_validated("no secret: give it as the query parameter \"secret\""))?;
            // An empty secret was never set, and everybody knows it.
            let fits = !secret.is_empty() && bool::from(given.as_bytes().ct_eq(secret.as_bytes()));
            if fits { Ok(()) } else { Err(ApiError::not_validated("the secret is wrong")) }
        }
        Validation::Signature(secret) => {
            let (name, missing) = match endpoint.service {
                None => (&ENDPOINT_SIGNATURE, "no signature: give the header Endpoint-Signature: sha256=<hex>"),
                Some(_) => (&WEBHOOK_SIGNATURE, "no signature: give the header X-Hook-Signature: sha256=<hex>"),
            };
            let given = parts.headers.get(name).ok_or_else(|| ApiError::not_validated(missing))?;
            if !secret.is_empty() && signs(given.as_bytes(), secret, body) {
                Ok(())
            } else {
                Err(ApiError::not_validated("the signature is wrong"))
            }
        }
    }
}

/// Whether this is `sha256=` and the HMAC-SHA256 of the body, in hexadecimal digits. The documentation of App Services
/// writes the header with two colons, so that one of them begins the value of whoever copied it.
fn signs(given: &[u8], secret: &str, body: &[u8]) -> bool {
    let given = given.strip_prefix(b":").unwrap_or(given).trim_ascii();
    let Some(Ok(code)) = given.strip_prefix(b"sha256=").map(hex::decode) else { return false };
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(&code).is_ok())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::super::tests::at;
    use super::*;

    fn checked(endpoint: &Endpoint, uri: &str, header: Option<(&str, &str)>, body: &[u8]) -> Result<(), String> {
        let mut request = Request::builder().uri(uri);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(endpoint, &parts, body).map_err(|error| {
            assert_eq!((error.status.as_u16(), error.code), (401, Some("IncomingWebhookAuthFailed")));
            error.message.into_owned()
        })
    }

    #[test]
    fn a_secret_is_the_first_parameter_of_its_name() {
        let endpoint = Endpoint { validation: Validation::Query("a b&c".to_owned()), ..at("/a", None) };
        let query = |query: &str| checked(&endpoint, &format!("/a?{query}"), None, b"");
        assert_eq!(query("x=1&secret=a%20b%26c"), Ok(()));
        assert_eq!(query("secret=a+b%26c&secret=other"), Ok(()));
        for wrong in ["secret=", "secret=a", "secret=a%20b%26cd", "secret=A%20B%26C", "secret=x&secret=a+b%26c"] {
            assert_eq!(query(wrong), Err("the secret is wrong".to_owned()), "{wrong}");
        }
        assert!(query("Secret=a+b%26c").unwrap_err().starts_with("no secret: "));
    }

    #[test]
    fn an_empty_secret_lets_nobody_in() {
        let query = Endpoint { validation: Validation::Query(String::new()), ..at("/a", None) };
        assert!(checked(&query, "/a?secret=", None, b"").is_err());
        let signature = Endpoint { validation: Validation::Signature(String::new()), ..at("/a", None) };
        let empty = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        assert!(checked(&signature, "/a", Some(("Endpoint-Signature", empty)), b"").is_err());
    }

    const BODY: &[u8] = br#"{"message":"MESSAGE"}"#;
    /// Of the body under the secret `12345`.
    const CODE: &str = "828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862";

    #[test]
    fn a_signature_is_of_just_this_body() {
        let endpoint = Endpoint { validation: Validation::Signature("12345".to_owned()), ..at("/a", None) };
        let signed = |value: &str, body: &[u8]| checked(&endpoint, "/a", Some(("Endpoint-Signature", value)), body);
        assert_eq!(signed(&format!("sha256={CODE}"), BODY), Ok(()));
        assert_eq!(signed(&format!(":sha256={}", CODE.to_uppercase()), BODY), Ok(()));
        let wrong = || Err("the signature is wrong".to_owned());
        assert_eq!(signed(&format!("sha256={CODE}"), b"{}"), wrong());
        for other in [CODE.to_owned(), "sha256=".to_owned(), format!("sha256={}", &CODE[..62]), "sha256=xyz".to_owned()]
        {
            assert_eq!(signed(&other, BODY), wrong(), "{other}");
        }
        assert!(checked(&endpoint, "/a", None, BODY).unwrap_err().contains("Endpoint-Signature"));
    }

    #[test]
    fn a_webhook_has_a_header_of_its_own() {
        let validation = Validation::Signature("12345".to_owned());
        let endpoint = Endpoint { service: Some("hooks".to_owned()), validation, ..at("a", None) };
        let value = format!("sha256={CODE}");
        assert_eq!(checked(&endpoint, "/a", Some(("X-Hook-Signature", &value)), BODY), Ok(()));
        assert!(checked(&endpoint, "/a", Some(("Endpoint-Signature", &value)), BODY).unwrap_err().contains("X-Hook"));
    }
}
