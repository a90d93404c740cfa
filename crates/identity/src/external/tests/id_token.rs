//! ID tokens of Google and Apple.

use bson::doc;
use serde_json::{Value, json};
use usher_app::{MetadataField, OAuth2, OAuth2Services};

use super::super::OAuth2Provider;
use super::host::Host;
use super::keys::{hs256, pairs};
use super::{IdentityError, Refusal, changed, external, in_seconds, is_unavailable, reason};

async fn setting() -> (Host, OAuth2) {
    let host = Host::start().await;
    host.answer("/keys", &[(200, &json!({"keys": [pairs()[0].jwk]}))]);
    let services = OAuth2Services {
        issuer: Some(host.url.clone()),
        keys: Some(format!("{}/keys", host.url)),
        ..OAuth2Services::default()
    };
    let config = OAuth2 { client_ids: vec!["client".to_owned(), "ios".to_owned()], services, ..OAuth2::default() };
    (host, config)
}

fn claims(host: &Host) -> Value {
    json!({"iss": host.url, "aud": "client", "sub": "g7", "exp": in_seconds(600), "iat": in_seconds(0),
           "email": "ann@example.org", "email_verified": true, "given_name": "Ann", "family_name": "Lee"})
}

#[tokio::test]
async fn an_id_token_says_who_it_is() {
    let (host, mut config) = setting().await;
    config.metadata_fields = ["email", "first_name", "last_name", "picture"]
        .map(|name| MetadataField { required: false, path: vec![name.to_owned()], name: name.to_owned() })
        .to_vec();
    for provider in [OAuth2Provider::Google, OAuth2Provider::Apple] {
        let vouched = external().id_token(provider, &config, &pairs()[0].sign(&claims(&host))).await.unwrap();
        assert_eq!((vouched.provider, vouched.id.as_str()), (provider.name(), "g7"));
        assert_eq!(vouched.data, doc! {"email": "ann@example.org", "first_name": "Ann", "last_name": "Lee"});
    }
}

#[tokio::test]
async fn an_id_token_for_others_or_by_others_is_refused() {
    let (host, config) = setting().await;
    let external = external();
    for (bad, why) in [
        (json!({"iss": "https://accounts.google.com"}), "iss"),
        (json!({"iss": null}), "iss"),
        (json!({"iss": format!("{}/", host.url)}), "iss"),
        (json!({"aud": "another"}), "aud"),
        (json!({"aud": ["client", "another"]}), "aud"),
        (json!({"exp": in_seconds(-1)}), "expired"),
        (json!({"sub": null}), "sub"),
    ] {
        let token = pairs()[0].sign(&changed(&claims(&host), bad.clone()));
        let refusal = reason(external.id_token(OAuth2Provider::Google, &config, &token).await);
        assert!(refusal.contains(why), "{bad}: {refusal}");
    }
    let both = changed(&claims(&host), json!({"aud": ["client", "ios"]}));
    assert!(external.id_token(OAuth2Provider::Google, &config, &pairs()[0].sign(&both)).await.is_ok());
    for token in [
        pairs()[1].sign(&claims(&host)),
        pairs()[1].sign_as(Some("first"), &claims(&host)),
        hs256(&pairs()[0].public, &claims(&host)),
        "not.a.token".to_owned(),
    ] {
        reason(external.id_token(OAuth2Provider::Google, &config, &token).await);
    }
}

#[tokio::test]
async fn the_usual_issuers_are_those_of_the_provider() {
    let (_, mut config) = setting().await;
    config.services.issuer = None;
    let external = external();
    for (provider, issuer, fits) in [
        (OAuth2Provider::Google, "https://accounts.google.com", true),
        (OAuth2Provider::Google, "accounts.google.com", true),
        (OAuth2Provider::Google, "https://appleid.apple.com", false),
        (OAuth2Provider::Apple, "https://appleid.apple.com", true),
        (OAuth2Provider::Apple, "https://accounts.google.com", false),
    ] {
        let claims = json!({"iss": issuer, "aud": "client", "sub": "7", "exp": in_seconds(600)});
        let outcome = external.id_token(provider, &config, &pairs()[0].sign(&claims)).await;
        assert_eq!(outcome.is_ok(), fits, "{provider:?} {issuer}");
    }
}

#[tokio::test]
async fn only_users_of_the_domains_may_log_in() {
    let (host, mut config) = setting().await;
    config.domains = vec!["other.example".to_owned(), "Example.org".to_owned()];
    let external = external();
    for provider in [OAuth2Provider::Google, OAuth2Provider::Apple] {
        let present = |change: Value| {
            let token = pairs()[0].sign(&changed(&claims(&host), change));
            let (external, config) = (&external, &config);
            async move { external.id_token(provider, config, &token).await }
        };
        assert!(present(json!({})).await.is_ok());
        assert!(present(json!({"email_verified": "true"})).await.is_ok());
        for other in [
            json!({"email": null}),
            json!({"email": "ann@evil.example", "hd": "example.org"}),
            json!({"email": "ann@sub.example.org"}),
            json!({"email_verified": false}),
            json!({"email_verified": null}),
        ] {
            let outcome = present(other.clone()).await;
            assert!(matches!(outcome, Err(Refusal::Told(IdentityError::DomainNotAllowed))), "{other}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_refuses_nobody_for_good() {
    let (host, config) = setting().await;
    host.answer("/keys", &[(500, &json!({}))]);
    let token = pairs()[0].sign(&claims(&host));
    assert!(is_unavailable(&external().id_token(OAuth2Provider::Google, &config, &token).await));
}
