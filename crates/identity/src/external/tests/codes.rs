//! Authorization codes.

use serde_json::{Value, json};
use usher_app::{OAuth2, OAuth2Services};

use super::super::{AuthorizationCode, OAuth2Provider};
use super::host::Host;
use super::keys::pairs;
use super::{external, in_seconds, is_unavailable, reason};

async fn setting() -> (Host, OAuth2, Value) {
    let host = Host::start().await;
    host.answer("/keys", &[(200, &json!({"keys": [pairs()[0].jwk]}))]);
    let services = OAuth2Services {
        issuer: Some(host.url.clone()),
        keys: Some(format!("{}/keys", host.url)),
        token: Some(format!("{}/token", host.url)),
        profile: Some(host.url.clone()),
        ..OAuth2Services::default()
    };
    let config = OAuth2 {
        client_ids: vec!["client".to_owned()],
        client_secret: Some("secret".to_owned()),
        services,
        ..OAuth2::default()
    };
    let claims = json!({"iss": host.url, "aud": "client", "sub": "g7", "exp": in_seconds(600)});
    let tokens = json!({"access_token": "a", "id_token": pairs()[0].sign(&claims)});
    (host, config, tokens)
}

fn code(provider: OAuth2Provider) -> AuthorizationCode {
    AuthorizationCode {
        provider,
        code: "the code".to_owned(),
        redirect_uri: "http://usher/callback".to_owned(),
        verifier: "v".to_owned(),
    }
}

#[tokio::test]
async fn a_code_becomes_an_id_token() {
    let (host, config, tokens) = setting().await;
    host.answer("/token", &[(200, &tokens)]);
    let vouched = external().code(&config, &code(OAuth2Provider::Apple)).await.unwrap();
    assert_eq!((vouched.provider, vouched.id.as_str()), ("oauth2-apple", "g7"));
    let expected = "/token grant_type=authorization_code&code=the+code&client_id=client&client_secret=secret&\
                    redirect_uri=http%3A%2F%2Fusher%2Fcallback&code_verifier=v";
    assert_eq!(host.asked()[0], expected);
}

#[tokio::test]
async fn a_code_of_facebook_becomes_an_access_token() {
    let (host, config, tokens) = setting().await;
    host.answer("/token", &[(200, &tokens)]);
    host.answer("/debug_token", &[(200, &json!({"data": {"is_valid": true, "app_id": "client", "user_id": "f7"}}))]);
    host.answer("/me", &[(200, &json!({"id": "f7"}))]);
    let vouched = external().code(&config, &code(OAuth2Provider::Facebook)).await.unwrap();
    assert_eq!((vouched.provider, vouched.id.as_str()), ("oauth2-facebook", "f7"));
}

#[tokio::test]
async fn a_code_of_googles_libraries_is_tried_both_ways() {
    let (host, config, tokens) = setting().await;
    host.answer("/token", &[(400, &json!({"error": "redirect_uri_mismatch"})), (200, &tokens)]);
    assert_eq!(external().native_code(&config, "c").await.unwrap().id, "g7");
    let asked = host.asked();
    assert!(asked[0].ends_with("redirect_uri=postmessage") && asked[1].ends_with("redirect_uri="), "{asked:?}");
}

#[tokio::test]
async fn a_bad_code_is_refused() {
    let (host, config, tokens) = setting().await;
    host.answer("/token", &[(400, &json!({"error": "invalid_grant", "error_description": "Bad Request"}))]);
    let refusal = reason(external().native_code(&config, "c").await);
    assert!(refusal.contains("invalid_grant Bad Request"), "{refusal}");
    assert_eq!(host.asked().len(), 1, "only a redirect that does not fit is tried in another way");
    for (status, answer) in [(200, json!({})), (200, json!({"id_token": 7})), (200, json!("text")), (401, tokens)] {
        host.answer("/token", &[(status, &answer)]);
        reason(external().code(&config, &code(OAuth2Provider::Google)).await);
    }
    host.answer("/token", &[(502, &json!({}))]);
    assert!(is_unavailable(&external().code(&config, &code(OAuth2Provider::Google)).await));
}
