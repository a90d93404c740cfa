//! Facebook's access tokens.

use bson::doc;
use serde_json::{Value, json};
use usher_app::{MetadataField, OAuth2, OAuth2Services};

use super::host::Host;
use super::{IdentityError, Refusal, Vouched, changed, external, is_unavailable, reason};

fn about() -> Value {
    json!({"is_valid": true, "app_id": "client", "user_id": "f7", "type": "USER"})
}

async fn present(about: (u16, &Value), profile: (u16, &Value)) -> (Host, Result<Vouched, Refusal>) {
    present_to(&[], about, profile).await
}

/// To an app that lets these domains in.
async fn present_to(
    domains: &[&str],
    about: (u16, &Value),
    profile: (u16, &Value),
) -> (Host, Result<Vouched, Refusal>) {
    let host = Host::start().await;
    host.answer("/debug_token", &[about]);
    host.answer("/me", &[profile]);
    let config = OAuth2 {
        client_ids: vec!["client".to_owned()],
        client_secret: Some("secret".to_owned()),
        metadata_fields: ["name", "min_age"]
            .map(|name| MetadataField { required: false, path: vec![name.to_owned()], name: name.to_owned() })
            .to_vec(),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        services: OAuth2Services { profile: Some(format!("{}/", host.url)), ..OAuth2Services::default() },
        ..OAuth2::default()
    };
    let outcome = external().facebook(&config, "the token&x=y").await;
    (host, outcome)
}

#[tokio::test]
async fn facebook_says_whose_a_token_is() {
    let profile = json!({"id": "f7", "name": "Ann", "age_range": {"min": 21}});
    let (host, outcome) = present((200, &json!({"data": about()})), (200, &profile)).await;
    let vouched = outcome.unwrap();
    assert_eq!((vouched.provider, vouched.id.as_str()), ("oauth2-facebook", "f7"));
    assert_eq!(vouched.data, doc! {"name": "Ann", "min_age": 21});
    let asked = host.asked();
    assert_eq!(asked[0].trim(), "/debug_token?input_token=the+token%26x%3Dy&access_token=client%7Csecret");
    assert!(asked[1].starts_with("/me?fields=id%2Cname%2Cage_range&access_token=the+token%26x%3Dy&appsecret_proof="));
}

#[tokio::test]
async fn a_token_that_is_not_for_us_is_refused() {
    let profile = json!({"id": "f7"});
    for (bad, why) in [
        (json!({"is_valid": false}), "not valid"),
        (json!({"is_valid": "true"}), "not valid"),
        (json!({"app_id": "another"}), "another app"),
        (json!({"app_id": null}), "another app"),
        (json!({"user_id": null}), "no user's"),
        (json!({"user_id": {"$gt": ""}}), "no user's"),
        (json!({"user_id": "f8"}), "another"),
    ] {
        let (_, outcome) = present((200, &json!({"data": changed(&about(), bad.clone())})), (200, &profile)).await;
        let refusal = reason(outcome);
        assert!(refusal.contains(why), "{bad}: {refusal}");
    }
    let error = json!({"error": {"message": "Invalid OAuth access token."}});
    let (_, outcome) = present((400, &error), (200, &profile)).await;
    assert!(reason(outcome).contains("Invalid OAuth access token."));
    reason(present((200, &json!({})), (200, &profile)).await.1);
    reason(present((200, &json!({"data": about()})), (400, &error)).await.1);
}

#[tokio::test]
async fn only_users_of_the_domains_may_log_in() {
    for (profile, fits) in [
        (json!({"id": "f7", "email": "ann@example.org"}), true),
        (json!({"id": "f7", "email": "ann@evil.example"}), false),
        (json!({"id": "f7", "email": null}), false),
        (json!({"id": "f7"}), false),
    ] {
        let (host, outcome) = present_to(&["example.org"], (200, &json!({"data": about()})), (200, &profile)).await;
        assert!(host.asked()[1].contains("fields=id%2Cname%2Cage_range%2Cemail&"), "{:?}", host.asked());
        match outcome {
            Ok(vouched) => assert!(fits && vouched.data.is_empty(), "{profile}"),
            Err(refusal) => {
                assert!(!fits && matches!(refusal, Refusal::Told(IdentityError::DomainNotAllowed)), "{profile}");
            }
        }
    }
}

#[tokio::test]
async fn troubles_of_facebook_are_not_the_users() {
    let outcome = present((500, &json!({})), (200, &json!({}))).await.1;
    assert!(is_unavailable(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn without_a_secret_nothing_can_be_checked() {
    let config = OAuth2 { client_ids: vec!["client".to_owned()], ..OAuth2::default() };
    let outcome = external().facebook(&config, "token").await;
    assert!(matches!(outcome, Err(Refusal::Told(IdentityError::BadRequest(text))) if text.contains("client secret")));
}
