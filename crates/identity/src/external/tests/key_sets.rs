//! Published keys.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::key_sets::KeySets;
use super::super::web::Web;
use super::host::Host;
use super::keys::pairs;

async fn published(keys: &[&Value]) -> Host {
    let host = Host::start().await;
    host.answer("/keys", &[(200, &json!({"keys": keys}))]);
    host
}

fn sets(pause: Duration) -> KeySets {
    KeySets::new(Web::new().unwrap(), pause)
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn keys_are_fetched_once_by_however_many_ask() {
    let host = published(&[&pairs()[0].jwk, &pairs()[1].jwk]).await;
    let (sets, url) = (sets(LONG), format!("{}/keys", host.url));
    let asked = (0..20).map(|turn| sets.key(&url, Some(if turn % 2 == 0 { "first" } else { "second" })));
    for key in futures::future::join_all(asked).await {
        assert!(key.unwrap().is_some());
    }
    assert_eq!(host.asked().len(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_a_while() {
    let host = published(&[&pairs()[0].jwk]).await;
    let (patient, url) = (sets(LONG), format!("{}/keys", host.url));
    assert!(patient.key(&url, Some("first")).await.unwrap().is_some());
    for _ in 0..5 {
        assert!(patient.key(&url, Some("second")).await.unwrap().is_none());
    }
    assert_eq!(host.asked().len(), 1, "it was fetched just now");

    let eager = sets(Duration::ZERO);
    assert!(eager.key(&url, Some("second")).await.unwrap().is_none());
    host.answer("/keys", &[(200, &json!({"keys": [pairs()[1].jwk]}))]);
    assert!(eager.key(&url, Some("second")).await.unwrap().is_some(), "a new key is found");
    assert!(eager.key(&url, Some("first")).await.unwrap().is_none(), "a withdrawn one is gone");
}

#[tokio::test]
async fn a_token_without_key_id_takes_the_only_key() {
    let host = published(&[&pairs()[0].jwk]).await;
    let url = format!("{}/keys", host.url);
    assert!(sets(LONG).key(&url, None).await.unwrap().is_some());
    host.answer("/keys", &[(200, &json!({"keys": [pairs()[0].jwk, pairs()[1].jwk]}))]);
    assert!(sets(LONG).key(&url, None).await.unwrap().is_none());
}

#[tokio::test]
async fn other_kinds_of_keys_are_passed_over() {
    let good = &pairs()[0].jwk;
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        (key["kid"], key[name]) = (json!("odd"), value);
        key
    };
    let odd = [
        with("kty", json!("EC")),
        with("use", json!("enc")),
        with("alg", json!("RS512")),
        with("n", json!(7)),
        with("n", json!("***")),
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "odd"}),
        json!(null),
        json!("odd"),
    ];
    let host = published(&odd.iter().chain([good]).collect::<Vec<_>>()).await;
    let (sets, url) = (sets(LONG), format!("{}/keys", host.url));
    assert!(sets.key(&url, Some("first")).await.unwrap().is_some());
    assert!(sets.key(&url, Some("odd")).await.unwrap().is_none());
}

#[tokio::test]
async fn what_publishes_no_keys_is_said_to_be_silent() {
    let host = Host::start().await;
    let url = format!("{}/keys", host.url);
    let keys = json!({"keys": [pairs()[0].jwk]});
    host.answer("/elsewhere", &[(200, &keys)]);
    for (status, body) in
        [(200, json!({})), (200, json!([])), (500, keys.clone()), (302, keys.clone()), (404, json!({}))]
    {
        host.answer("/keys", &[(status, &body)]);
        assert!(sets(LONG).key(&url, Some("first")).await.is_err(), "{status} {body}");
    }
    assert!(!host.asked().iter().any(|asked| asked.starts_with("/elsewhere")), "redirects are not followed");
    host.answer_text("/keys", &format!(r#"{{"keys":[],"filler":"{}"}}"#, "x".repeat(300_000)));
    let silence = sets(LONG).key(&url, Some("first")).await.unwrap_err();
    assert!(silence.to_string().contains("larger"), "{silence}");
    let silence = sets(LONG).key("http://127.0.0.1:1/keys?secret", Some("first")).await.unwrap_err();
    assert!(!silence.to_string().contains("secret"), "{silence}");
}

#[tokio::test]
async fn a_publisher_that_falls_silent_is_no_outage() {
    let host = published(&[&pairs()[0].jwk]).await;
    let (sets, url) = (sets(Duration::ZERO), format!("{}/keys", host.url));
    assert!(sets.key(&url, Some("first")).await.unwrap().is_some());
    host.answer("/keys", &[(503, &json!({}))]);
    assert!(sets.key(&url, Some("second")).await.unwrap().is_none());
    assert!(sets.key(&url, Some("first")).await.unwrap().is_some(), "the keys at hand are good");
}
