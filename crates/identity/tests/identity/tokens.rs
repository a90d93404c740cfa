//! Tokens and sessions (reference 3.5 and 4).

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bson::doc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use usher_identity::IdentityOptions;

use crate::support::{Host, PASSWORD, altered, app, claims, eventually, is_session_error, login};

fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

#[tokio::test]
async fn claims_are_those_of_app_services() {
    let host = Host::start().await;
    host.register("ann@example.com").await;
    let before = bson::DateTime::now().timestamp_millis() / 1000;
    let login = host.login("ann@example.com", PASSWORD).await.unwrap();
    let profile = host.identity.profile(&app(), &login.user_id).await.unwrap();
    let session =
        host.system("sessions").find_one(doc! {}).await.unwrap().unwrap().get_object_id("_id").unwrap().to_hex();
    let (domain, device, identity) = (&profile.domain_id, &login.device_id, &profile.identities[0]);
    assert!(bson::oid::ObjectId::parse_str(domain).is_ok() && bson::oid::ObjectId::parse_str(device).is_ok());

    let access = claims(&login.access_token);
    let issued = access["iat"].as_i64().unwrap();
    let after = bson::DateTime::now().timestamp_millis() / 1000;
    assert!((before..=after).contains(&issued));
    assert_eq!(
        access,
        json!({
            "baas_device_id": device, "baas_domain_id": domain, "exp": issued + 1800, "iat": issued, "iss": session,
            "stitch_devId": device, "stitch_domainId": domain, "sub": login.user_id, "typ": "access",
        })
    );
    let linked = json!({"id": identity.id, "provider_type": "local-userpass", "provider_id": identity.provider_id});
    assert_eq!(
        claims(&login.refresh_token),
        json!({
            "baas_data": null, "baas_device_id": device, "baas_domain_id": domain, "baas_id": session,
            "baas_identity": linked, "exp": issued + 60 * 24 * 3600, "iat": issued, "stitch_data": null,
            "stitch_devId": device, "stitch_domainId": domain, "stitch_id": session, "stitch_ident": linked,
            "sub": login.user_id, "typ": "refresh",
        })
    );
    for token in [&login.access_token, &login.refresh_token] {
        let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        let kid = host.system("signing_keys").find_one(doc! {}).await.unwrap().unwrap();
        assert_eq!(header, json!({"alg": "HS256", "kid": kid.get_str("_id").unwrap(), "typ": "JWT"}));
        assert_eq!(host.identity.app_of_token(token).unwrap(), "shop-abcde");
    }
    let verified = host.identity.verify_access(&app(), &login.access_token).await.unwrap();
    assert_eq!((&verified.user_id, &verified.session_id, verified.user_data), (&login.user_id, &session, None));
    host.stop().await;
}

#[tokio::test]
async fn sessions_are_refreshed_and_ended_one_by_one() {
    let host = Host::start().await;
    let first = host.user("ann@example.com").await;
    let second = host.login("ann@example.com", PASSWORD).await.unwrap();
    host.custom_data().insert_one(doc! {"_id": 1, "user_id": &first.user_id, "colour": "red"}).await.unwrap();

    let fresh = host.identity.refresh(&app(), &first.refresh_token).await.unwrap();
    let (old, new) = (claims(&first.access_token), claims(&fresh));
    assert!(old.get("user_data").is_none());
    for same in ["sub", "iss", "baas_device_id", "baas_domain_id", "typ"] {
        assert_eq!(old[same], new[same]);
    }
    let data = r#"{"_id":{"$numberInt":"1"},"user_id":"ID","colour":"red"}"#.replace("ID", &first.user_id);
    let verified = host.identity.verify_access(&app(), &fresh).await.unwrap();
    assert_eq!(verified.user_data.as_deref(), Some(data.as_str()));

    host.identity.logout(&app(), &first.refresh_token).await.unwrap();
    for refusal in [
        host.identity.logout(&app(), &first.refresh_token).await,
        host.identity.refresh(&app(), &first.refresh_token).await.map(drop),
    ] {
        assert!(is_session_error(&refusal, "failed to find refresh token"), "{refusal:?}");
    }
    host.identity.verify_access(&app(), &fresh).await.expect("access tokens live on (reference 3.5)");
    host.identity.refresh(&app(), &second.refresh_token).await.expect("another session");

    // The server looks, not only MongoDB's cleaning.
    let past = bson::DateTime::from_millis(0);
    host.system("sessions").update_many(doc! {}, doc! {"$set": {"expires_at": past}}).await.unwrap();
    let refusal = host.identity.refresh(&app(), &second.refresh_token).await;
    assert!(is_session_error(&refusal, "failed to find refresh token"), "{refusal:?}");
    host.stop().await;
}

#[tokio::test]
async fn tokens_that_are_not_exactly_ours_are_refused() {
    let host = Host::start().await;
    let ours = host.user("ann@example.com").await;
    let mut other_app = app();
    other_app.id = "other-abcde".to_owned();
    host.identity.prepare_app(&other_app).await.unwrap();
    crate::support::register(&host.identity, other_app.clone(), "ann@example.com", PASSWORD).await.unwrap();
    let theirs = login(&host.identity, other_app.clone(), "ann@example.com", PASSWORD).await.unwrap();
    assert_ne!(ours.user_id, theirs.user_id, "apps do not share users");

    let access = async |token: &str| host.identity.verify_access(&app(), token).await;
    assert!(is_session_error(&access(&ours.refresh_token).await, "expected the access token"));
    let refused = host.identity.refresh(&app(), &ours.access_token).await;
    assert!(is_session_error(&refused, "expected the refresh token"));
    assert!(is_session_error(&host.identity.logout(&app(), &ours.access_token).await, "expected the refresh token"));
    assert!(is_session_error(&access(&theirs.access_token).await, ""));
    assert!(is_session_error(&host.identity.refresh(&app(), &theirs.refresh_token).await, ""));
    assert!(is_session_error(&host.identity.logout(&app(), &theirs.refresh_token).await, ""));
    host.identity.refresh(&other_app, &theirs.refresh_token).await.expect("it is good where it belongs");

    let key = host.system("signing_keys").find_one(doc! {}).await.unwrap().unwrap();
    let (kid, secret) = (key.get_str("_id").unwrap(), key.get_binary_generic("secret").unwrap());
    let good = claims(&ours.access_token);
    // As we write it: the order of the header's members counts.
    let header = encoded(&json!({"alg": "HS256", "kid": kid, "typ": "JWT"}));
    let sign = |header: &str, claims: &Value, secret: &[u8]| {
        let message = format!("{header}.{}", encoded(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256);
        format!("{message}.{}", signature.unwrap())
    };
    access(&sign(&header, &good, secret)).await.expect("the forger's workshop works");
    let expired = altered(&good, "exp", json!(good["iat"].as_i64().unwrap() - 1));
    let refused = access(&sign(&header, &expired, secret)).await;
    assert!(is_session_error(&refused, "invalid session: access token expired"), "{refused:?}");
    let refresh = claims(&ours.refresh_token);
    let expired = altered(&refresh, "exp", json!(1));
    let refused = host.identity.refresh(&app(), &sign(&header, &expired, secret)).await;
    assert!(is_session_error(&refused, "failed to find refresh token"), "{refused:?}");

    let signature = ours.access_token.rsplit('.').next().unwrap();
    let none = encoded(&json!({"alg": "none", "typ": "JWT"}));
    let none_of_key = encoded(&json!({"alg": "none", "kid": kid, "typ": "JWT"}));
    let hs512 = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS512) };
    let unknown = encoded(&json!({"alg": "HS256", "kid": "65f0123456789abcdef01234", "typ": "JWT"}));
    let thief = altered(&good, "sub", json!(theirs.user_id));
    let mut forgeries = vec![
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "no dots".to_owned(),
        format!("{none}.{}.", encoded(&good)),
        format!("{none_of_key}.{}.", encoded(&good)),
        format!("{none_of_key}.{}.{signature}", encoded(&good)),
        encode(&hs512, &good, &EncodingKey::from_secret(secret)).unwrap(),
        sign(&unknown, &good, secret),
        sign(&header, &good, b"another secret of 32 bytes length"),
        sign(&header, &good, b""),
        format!("{header}.{}.{signature}", encoded(&thief)),
        format!("{}.{signature}", ours.access_token),
        format!("{} ", ours.access_token),
    ];
    for claim in ["sub", "iss", "typ", "exp", "baas_domain_id"] {
        forgeries.push(sign(&header, &altered(&good, claim, Value::Null), secret));
    }
    for forged in forgeries {
        assert!(is_session_error(&access(&forged).await, ""), "accepted: {forged}");
        assert!(is_session_error(&host.identity.refresh(&app(), &forged).await, ""), "accepted: {forged}");
    }
    assert!(is_session_error(&host.identity.app_of_token("no dots"), ""));
    host.stop().await;
}

#[tokio::test]
async fn rotated_keys_reach_other_hosts_and_old_tokens_stay_good() {
    let host = Host::start().await;
    let slow = host.neighbour(IdentityOptions::default()).await;
    let quick = host.neighbour(IdentityOptions { signing_key_age: Duration::ZERO, ..IdentityOptions::default() }).await;
    let kid = |token: &str| {
        let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    let old = host.user("ann@example.com").await;
    let rotated = host.identity.rotate_keys().await.unwrap();
    assert_ne!(kid(&old.access_token), rotated);
    let new = host.login("ann@example.com", PASSWORD).await.unwrap();
    assert_eq!(kid(&new.access_token), rotated);
    for identity in [&host.identity, &slow, &quick] {
        identity.verify_access(&app(), &old.access_token).await.unwrap();
        identity.verify_access(&app(), &new.access_token).await.unwrap();
        identity.refresh(&app(), &old.refresh_token).await.unwrap();
    }
    host.identity.rotate_keys().await.unwrap();
    let third = login(&quick, app(), "ann@example.com", PASSWORD).await.unwrap();
    assert_ne!(kid(&third.access_token), rotated, "it signs with the newest");
    let retired = host.system("signing_keys").count_documents(doc! {"retired_at": {"$exists": true}}).await.unwrap();
    assert_eq!((host.count("signing_keys").await, retired), (3, 2));
    host.stop().await;
}

/// Somebody may have got hold of a key: whoever has one makes tokens for every user.
#[tokio::test]
async fn keys_that_are_replaced_are_good_for_nothing() {
    let host = Host::start().await;
    let quick = host.neighbour(IdentityOptions { signing_key_age: Duration::ZERO, ..IdentityOptions::default() }).await;
    let old = host.user("ann@example.com").await;
    let kept = host.system("sessions").find_one(doc! {}).await.unwrap().unwrap();
    host.identity.rotate_keys().await.unwrap();
    quick.verify_access(&app(), &old.access_token).await.unwrap();
    host.identity.replace_keys().await.unwrap();
    assert_eq!((host.count("signing_keys").await, host.count("sessions").await), (1, 0));
    host.system("sessions").insert_one(kept).await.unwrap();
    let refused = host.identity.verify_access(&app(), &old.access_token).await;
    assert!(is_session_error(&refused, ""), "{refused:?}");
    // Another host, which nobody asks to sign anything, hears of it by itself.
    let refuses = async || quick.verify_access(&app(), &old.access_token).await.is_err();
    eventually("the old key is good no more", refuses).await;
    for identity in [&host.identity, &quick] {
        assert!(is_session_error(&identity.refresh(&app(), &old.refresh_token).await, ""));
        let new = login(identity, app(), "ann@example.com", PASSWORD).await.unwrap();
        host.identity.verify_access(&app(), &new.access_token).await.unwrap();
        quick.refresh(&app(), &new.refresh_token).await.unwrap();
    }
    host.stop().await;
}
