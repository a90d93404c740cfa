//! Custom tokens.

use bson::doc;
use serde_json::{Value, json};
use usher_app::{CustomToken, MetadataField, TokenKeys};
use usher_contract::limits;

use super::keys::{crafted, hs256, pairs};
use super::{Refusal, Vouched, changed, external, in_seconds, reason};

const SECRET: &str = "a secret of thirty-two characters";
const APP: &str = "shop-abcde";

fn config(keys: TokenKeys) -> CustomToken {
    CustomToken { audiences: vec![APP.to_owned()], any_audience: false, keys, metadata_fields: Vec::new() }
}

fn claims() -> Value {
    json!({"sub": "ann", "aud": APP, "exp": in_seconds(600), "iat": in_seconds(0), "name": "Ann"})
}

async fn present(config: &CustomToken, token: &str) -> Result<Vouched, Refusal> {
    external().custom_token(config, token).await
}

#[tokio::test]
async fn a_token_says_who_it_is_and_what_the_app_wants_to_know() {
    let field = MetadataField { required: true, path: vec!["name".to_owned()], name: "called".to_owned() };
    let config = CustomToken {
        metadata_fields: vec![field],
        ..config(TokenKeys::Hs256(vec!["old".repeat(11), SECRET.to_owned()]))
    };
    let vouched = present(&config, &hs256(SECRET, &claims())).await.unwrap();
    assert_eq!((vouched.provider, vouched.id.as_str()), ("custom-token", "ann"));
    assert_eq!(vouched.data, doc! {"called": "Ann"});
    let without = hs256(SECRET, &changed(&claims(), json!({"name": null})));
    assert!(reason(present(&config, &without).await).contains("name"));
}

#[tokio::test]
async fn claims_must_be_right() {
    let config = config(TokenKeys::Hs256(vec![SECRET.to_owned()]));
    let late = limits::CLOCK_LEEWAY.as_secs() as i64;
    for good in [
        json!({}),
        json!({"aud": ["other", APP]}),
        json!({"iat": null}),
        json!({"iat": in_seconds(late - 5)}),
        json!({"nbf": in_seconds(late - 5)}),
        json!({"exp": in_seconds(600) as f64 + 0.5}),
    ] {
        let token = hs256(SECRET, &changed(&claims(), good.clone()));
        assert!(present(&config, &token).await.is_ok(), "{good}");
    }
    for (bad, why) in [
        (json!({"exp": null}), "never expires"),
        (json!({"exp": in_seconds(-1)}), "expired"),
        (json!({"exp": "9999999999"}), "\"exp\" is no number"),
        (json!({"exp": {"$gt": 0}}), "cannot be verified"),
        (json!({"nbf": in_seconds(late + 3600)}), "nbf"),
        (json!({"iat": in_seconds(late + 3600)}), "iat"),
        (json!({"aud": null}), "aud"),
        (json!({"aud": "other"}), "aud"),
        (json!({"aud": []}), "aud"),
        (json!({"aud": [APP, 7]}), "aud"),
        (json!({"aud": {"$ne": "x"}}), "aud"),
        (json!({"sub": null}), "sub"),
        (json!({"sub": ""}), "sub"),
        (json!({"sub": 7}), "sub"),
        (json!({"sub": {"$gt": ""}}), "cannot be verified"),
    ] {
        let refusal = reason(present(&config, &hs256(SECRET, &changed(&claims(), bad.clone()))).await);
        assert!(refusal.contains(why), "{bad}: {refusal}");
    }
}

#[tokio::test]
async fn audiences_are_all_or_any() {
    let audiences = vec!["shop".to_owned(), "club".to_owned()];
    let mut config = CustomToken { audiences, ..config(TokenKeys::Hs256(vec![SECRET.to_owned()])) };
    for (any, audience, fits) in [
        (false, json!(["club", "shop", "more"]), true),
        (false, json!("shop"), false),
        (true, json!("shop"), true),
        (true, json!(["x", "club"]), true),
        (true, json!(APP), false),
    ] {
        config.any_audience = any;
        let token = hs256(SECRET, &changed(&claims(), json!({"aud": audience})));
        assert_eq!(present(&config, &token).await.is_ok(), fits, "{any} {audience}");
    }
}

#[tokio::test]
async fn the_algorithm_is_not_the_tokens_to_choose() {
    let [pair, other] = pairs();
    let rs256 = config(TokenKeys::Rs256(vec![pair.public.clone()]));
    assert!(present(&rs256, &pair.sign(&claims())).await.is_ok());
    let shared = config(TokenKeys::Hs256(vec![SECRET.to_owned()]));
    let unsigned = |algorithm: &str| crafted(&json!({"alg": algorithm, "typ": "JWT"}), &claims(), "");
    for (config, token) in [
        // The public key, which everybody knows, as the secret of HS256.
        (&rs256, hs256(&pair.public, &claims())),
        (&rs256, hs256(pair.public.trim(), &claims())),
        (&rs256, other.sign(&claims())),
        (&rs256, unsigned("none")),
        (&rs256, unsigned("RS256")),
        (&shared, unsigned("none")),
        (&shared, unsigned("NONE")),
        (&shared, unsigned("HS256")),
        (&shared, hs256("another secret of 32 characters!!", &claims())),
        (&shared, hs256("", &claims())),
        (&shared, pair.sign(&claims())),
        (&shared, crafted(&json!({"alg": "HS384"}), &claims(), "c2lnbmF0dXJl")),
    ] {
        reason(present(config, &token).await);
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let config = config(TokenKeys::Hs256(vec![SECRET.to_owned()]));
    let good = hs256(SECRET, &claims());
    let critical = crafted(&json!({"alg": "HS256", "crit": ["exp"]}), &claims(), "x");
    let long = "x".repeat(limits::EXTERNAL_TOKEN_CHARS + 1);
    let parts: Vec<&str> = good.split('.').collect();
    for token in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "null",
        "{}",
        &critical,
        &long,
        &format!("{good}."),
        &format!("{good}x"),
        &format!(" {good}"),
        &format!("{}.{}", parts[0], parts[1]),
        &format!("{}..{}", parts[0], parts[2]),
    ] {
        reason(present(&config, token).await);
    }
    assert!(reason(present(&config, &long).await).contains("longer than 1000000"));
}

#[tokio::test]
async fn a_long_token_is_read() {
    let config = config(TokenKeys::Hs256(vec![SECRET.to_owned()]));
    let token = hs256(SECRET, &changed(&claims(), json!({"filler": "x".repeat(700_000)})));
    assert!(token.len() > 900_000 && present(&config, &token).await.is_ok());
}
