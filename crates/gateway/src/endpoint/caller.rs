//! Who calls an endpoint: nobody in particular, or the user whose credential the request carries.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName};
use serde::Deserialize;
use usher_app::{Endpoint, RunAs};
use usher_dispatch::{Caller, Deployment};
use usher_identity::{Credential, IdentityError};

use crate::errors::ApiError;
use crate::exchange::Exchange;

const EMAIL: &str = "email";
const PASSWORD: &str = "password";
const API_KEYS: [&str; 2] = ["apikey", "api-key"];
const TOKEN: &str = "jwttokenstring";

/// Whether a header may hold a credential of a user.
pub(super) fn is_credential(name: &HeaderName) -> bool {
    let name = name.as_str();
    [AUTHORIZATION.as_str(), COOKIE.as_str(), EMAIL, PASSWORD, TOKEN].contains(&name) || API_KEYS.contains(&name)
}

/// The caller, where the endpoint runs as whoever calls; else the system. The custom data is read for the call where the
/// endpoint asks for it, and empty otherwise.
pub(super) async fn of(
    exchange: &Exchange,
    deployment: &Arc<Deployment>,
    endpoint: &Endpoint,
    body: &[u8],
) -> Result<Caller, ApiError> {
    if endpoint.run_as != RunAs::Caller {
        return Ok(Caller::System);
    }
    let (app, identity) = (deployment.app(), exchange.identity());
    let user = match exchange.bearer() {
        Ok(token) => identity.verify_access(app, token).await?.user_id,
        Err(_) => {
            let in_body = endpoint.service.as_ref().and_then(|_| of_body(body));
            let credential = match (credential(&exchange.parts.headers), in_body) {
                (Some(_), Some(_)) => {
                    let message = "credentials are in the headers and in the body: give them in one place";
                    return Err(ApiError::invalid_parameter(message.to_owned()));
                }
                (in_headers, in_body) => in_headers.or(in_body).ok_or_else(ApiError::no_credential)?,
            };
            let create = endpoint.create_user_on_auth;
            let user = identity.user_of_credential(deployment, credential, create, exchange.peer(), &exchange.id).await;
            user.map_err(|error| match error {
                IdentityError::UserNotFound => ApiError::new(
                    StatusCode::UNAUTHORIZED,
                    "AuthError",
                    "the credential belongs to no user yet, and this endpoint makes none (create_user_on_auth): log in once",
                ),
                error => error.into(),
            })?
        }
    };
    if endpoint.fetch_custom_user_data {
        return Ok(identity.caller(app, &user).await?);
    }
    // An empty document, as the documentation has it: functions read its fields without asking whether it is there.
    Ok(Caller::User { id: user, custom_data: Some("{}".into()) })
}

/// The credential in the headers: e-mail address and password, an API key, or a custom token.
fn credential(headers: &HeaderMap) -> Option<Credential> {
    let header = |name: &str| headers.get(name).map(|value| text(value.as_bytes()));
    if let (Some(email), Some(password)) = (header(EMAIL), header(PASSWORD)) {
        return Some(Credential::EmailPassword { email, password });
    }
    let key = API_KEYS.iter().find_map(|name| header(name)).map(Credential::ApiKey);
    key.or_else(|| header(TOKEN).map(Credential::CustomToken))
}

/// What a header says: UTF-8 as most programs write it, or Latin-1, as browsers do.
fn text(header: &[u8]) -> String {
    str::from_utf8(header).map_or_else(|_| header.iter().copied().map(char::from).collect(), str::to_owned)
}

/// The same in a body, as webhooks took it.
fn of_body(body: &[u8]) -> Option<Credential> {
    #[derive(Deserialize)]
    struct Members {
        email: Option<String>,
        password: Option<String>,
        #[serde(rename = "api-key", alias = "apiKey")]
        key: Option<String>,
        #[serde(rename = "jwtTokenString")]
        token: Option<String>,
    }
    let Members { email, password, key, token } = serde_json::from_slice(body).ok()?;
    if let (Some(email), Some(password)) = (email, password) {
        return Some(Credential::EmailPassword { email, password });
    }
    key.map(Credential::ApiKey).or_else(|| token.map(Credential::CustomToken))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn of_headers(headers: &[(&'static str, &'static str)]) -> Option<Credential> {
        let header = |(name, value): &(&'static str, &'static str)| (name.parse().unwrap(), value.parse().unwrap());
        credential(&headers.iter().map(header).collect())
    }

    #[test]
    fn a_credential_stands_in_the_headers() {
        let password = of_headers(&[("Email", "a@b"), ("Password", "p"), ("apiKey", "k")]);
        assert!(
            matches!(password, Some(Credential::EmailPassword { email, password }) if email == "a@b" && password == "p")
        );
        for name in ["apiKey", "api-key"] {
            assert!(matches!(of_headers(&[(name, "k")]), Some(Credential::ApiKey(key)) if key == "k"), "{name}");
        }
        assert!(matches!(of_headers(&[("jwtTokenString", "t")]), Some(Credential::CustomToken(token)) if token == "t"));
        assert!(of_headers(&[("email", "a@b")]).is_none() && of_headers(&[]).is_none());
    }

    #[test]
    fn a_password_may_have_any_letter() {
        for word in ["pässwörd".as_bytes(), b"p\xe4ssw\xf6rd"] {
            let word = HeaderValue::from_bytes(word).unwrap();
            let headers = [("email", HeaderValue::from_static("a@b")), ("password", word)];
            let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect();
            let Some(Credential::EmailPassword { password, .. }) = credential(&headers) else {
                panic!("no credential")
            };
            assert_eq!(password, "pässwörd");
        }
    }

    #[test]
    fn a_credential_stands_in_the_body_of_a_webhook() {
        let password = of_body(br#"{"email": "a@b", "password": "p", "more": {"n": 1}}"#);
        assert!(
            matches!(password, Some(Credential::EmailPassword { email, password }) if email == "a@b" && password == "p")
        );
        assert!(matches!(of_body(br#"{"api-key": "k"}"#), Some(Credential::ApiKey(key)) if key == "k"));
        assert!(matches!(of_body(br#"{"jwtTokenString": "t"}"#), Some(Credential::CustomToken(token)) if token == "t"));
        for other in ["", "text", "[]", r#"{"email": "a@b"}"#, r#"{"api-key": 1}"#] {
            assert!(of_body(other.as_bytes()).is_none(), "{other}");
        }
    }
}
