//! What ends sessions, and what ends access tokens too (reference 3.5).

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bson::{DateTime, doc};
use serde_json::json;
use usher_identity::{Identity, IdentityOptions};

use crate::support::{Host, PASSWORD, altered, app, claims, eventually, is_session_error, login};

/// Waits until a host refuses the token.
async fn until_refused(identity: &Identity, token: &str) {
    eventually("the token is refused", async || identity.verify_access(&app(), token).await.is_err()).await;
}

#[tokio::test]
async fn disabling_ends_access_tokens_on_every_host() {
    let host = Host::start().await;
    let neighbour = host.neighbour(IdentityOptions::default()).await;
    let ann = host.user("ann@example.com").await;
    let bob = host.user("bob@example.com").await;
    for identity in [&host.identity, &neighbour] {
        identity.verify_access(&app(), &ann.access_token).await.unwrap();
    }
    host.identity.set_disabled(&app(), &ann.user_id, true).await.unwrap();
    let refusal = host.identity.verify_access(&app(), &ann.access_token).await;
    assert!(is_session_error(&refusal, "disabled or deleted"), "at once on this host: {refusal:?}");
    until_refused(&neighbour, &ann.access_token).await;
    // A host that starts now knows it, too.
    let late = host.neighbour(IdentityOptions::default()).await;
    assert!(late.verify_access(&app(), &ann.access_token).await.is_err());
    for identity in [&host.identity, &neighbour, &late] {
        identity.verify_access(&app(), &bob.access_token).await.unwrap();
    }

    // Enabled, the user logs in and the new token is good at once, although a neighbour may not have heard of it.
    host.identity.set_disabled(&app(), &ann.user_id, false).await.unwrap();
    for identity in [&neighbour, &host.identity, &late] {
        let again = login(identity, app(), "ann@example.com", PASSWORD).await.unwrap();
        identity.verify_access(&app(), &again.access_token).await.unwrap();
        let renewed = identity.refresh(&app(), &again.refresh_token).await.unwrap();
        identity.verify_access(&app(), &renewed).await.unwrap();
    }
    host.stop().await;
}

/// Clocks differ between hosts, and a login may be half-way through when its user is disabled.
#[tokio::test]
async fn disabling_ends_what_was_begun_at_that_moment() {
    let host = Host::start().await;
    let neighbour = host.neighbour(IdentityOptions::default()).await;
    let ann = host.user("ann@example.com").await;
    let key = host.system("signing_keys").find_one(doc! {}).await.unwrap().unwrap();
    let of_claims = |claims: &serde_json::Value| {
        let header = format!(r#"{{"alg":"HS256","kid":"{}","typ":"JWT"}}"#, key.get_str("_id").unwrap());
        let message = [header, claims.to_string()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
        let secret = jsonwebtoken::EncodingKey::from_secret(key.get_binary_generic("secret").unwrap());
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &secret, algorithm).unwrap();
        format!("{message}.{signature}")
    };
    // Issued by a host whose clock is ahead of ours.
    let now = DateTime::now().timestamp_millis() / 1000;
    let ahead = altered(&claims(&ann.access_token), "iat", json!(now + 20));
    let ahead = of_claims(&altered(&ahead, "exp", json!(now + 20 + 1800)));
    neighbour.verify_access(&app(), &ahead).await.unwrap();
    let session = host.system("sessions").find_one(doc! {}).await.unwrap().unwrap();

    host.identity.set_disabled(&app(), &ann.user_id, true).await.unwrap();
    assert!(host.identity.verify_access(&app(), &ahead).await.is_err());
    until_refused(&neighbour, &ahead).await;
    // A login that had found the user enabled writes its session now.
    assert_eq!(host.count("sessions").await, 0);
    host.system("sessions").insert_one(session).await.unwrap();
    assert!(host.identity.refresh(&app(), &ann.refresh_token).await.is_err());
    host.identity.set_disabled(&app(), &ann.user_id, false).await.unwrap();
    let refusal = host.identity.refresh(&app(), &ann.refresh_token).await;
    assert!(is_session_error(&refusal, "failed to find refresh token"), "it stays over: {refusal:?}");
    // Who is enabled already keeps their sessions.
    let again = host.login("ann@example.com", PASSWORD).await.unwrap();
    host.identity.set_disabled(&app(), &ann.user_id, false).await.unwrap();
    host.identity.refresh(&app(), &again.refresh_token).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn deleting_ends_access_tokens_and_logging_out_does_not() {
    let host = Host::start().await;
    let neighbour = host.neighbour(IdentityOptions::default()).await;
    let ann = host.user("ann@example.com").await;
    host.identity.revoke_sessions(&app(), &ann.user_id).await.unwrap();
    host.identity.verify_access(&app(), &ann.access_token).await.unwrap();
    host.identity.delete_user(&app(), &ann.user_id).await.unwrap();
    assert!(host.identity.verify_access(&app(), &ann.access_token).await.is_err());
    until_refused(&neighbour, &ann.access_token).await;
    let verified = host.identity.verify_token(&app(), &ann.access_token).await;
    assert!(is_session_error(&verified, ""), "{verified:?}");
    host.stop().await;
}

#[tokio::test]
async fn an_app_says_how_long_refresh_tokens_live() {
    let host = Host::start().await;
    host.register("ann@example.com").await;
    let mut short = app();
    short.usher.users.refresh_token_lifetime = Some(Duration::from_secs(1800));
    let session = login(&host.identity, short, "ann@example.com", PASSWORD).await.unwrap();
    let claims = claims(&session.refresh_token);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 1800);
    let session = host.system("sessions").find_one(doc! {}).await.unwrap().unwrap();
    let of = |name: &str| session.get_datetime(name).unwrap().timestamp_millis();
    assert_eq!(of("expires_at") - of("created_at"), 1_800_000);
    host.stop().await;
}

#[tokio::test]
async fn custom_data_goes_with_its_user_where_the_app_says_so() {
    let host = Host::start().await;
    let mut tidy = app();
    tidy.usher.users.delete_custom_data = true;
    let ann = host.user("ann@example.com").await.user_id;
    let id = bson::oid::ObjectId::parse_str(&ann).unwrap();
    host.custom_data()
        .insert_many([doc! {"user_id": &ann}, doc! {"user_id": id}, doc! {"user_id": "other"}])
        .await
        .unwrap();
    host.identity.delete_user(&tidy, &ann).await.unwrap();
    let left = host.custom_data().find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(left.get_str("user_id").unwrap(), "other");
    assert_eq!(host.custom_data().count_documents(doc! {}).await.unwrap(), 1);
    host.stop().await;
}
