//! Registering and logging in (reference 3.3 and 3.4).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Document, doc};
use futures::TryStreamExt as _;
use usher_app::{Confirmation, LocalUserpass, Mail};
use usher_contract::limits;
use usher_dispatch::Deployment;
use usher_identity::{Credential, Device, IdentityError, IdentityOptions};

use crate::support::{Host, PASSWORD, PEER, REQUEST, app, claims, eventually, is_session_error, login, register};

#[tokio::test]
async fn registrations_are_checked_and_case_matters() {
    let host = Host::start().await;
    let attempt = |email: &str, password: &str| {
        let (identity, email, password) = (host.identity.clone(), email.to_owned(), password.to_owned());
        async move { register(&identity, app(), &email, &password).await }
    };
    for (email, password, text) in [
        ("", PASSWORD, "email invalid"),
        ("a\0b@example.com", PASSWORD, "email invalid"),
        ("ann@example.com", "short", "password must be between 6 and 128 characters"),
        ("ann@example.com", &"x".repeat(129), "password must be between 6 and 128 characters"),
    ] {
        let refusal = attempt(email, password).await;
        assert!(matches!(&refusal, Err(IdentityError::BadRequest(message)) if message == text), "{refusal:?}");
    }
    // Characters count, not bytes.
    attempt("short@example.com", "äöüßé€").await.unwrap();
    attempt("long@example.com", &"€".repeat(128)).await.unwrap();
    attempt("ann@example.com", PASSWORD).await.unwrap();
    assert!(matches!(attempt("ann@example.com", "another one").await, Err(IdentityError::AccountNameInUse)));
    attempt("Ann@example.com", "another one").await.unwrap();

    let lower = host.login("ann@example.com", PASSWORD).await.unwrap();
    let upper = host.login("Ann@example.com", "another one").await.unwrap();
    assert_ne!(lower.user_id, upper.user_id);
    assert!(matches!(host.login("ANN@example.com", PASSWORD).await, Err(IdentityError::InvalidPassword)));

    let stored = host.system("registrations").find_one(doc! {"email": "ann@example.com"}).await.unwrap().unwrap();
    assert!(stored.get_str("password").unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!stored.to_string().contains(PASSWORD));
    host.stop().await;
}

#[tokio::test]
async fn the_first_login_makes_the_user_and_later_ones_find_it() {
    let host = Host::start().await;
    host.register("ann@example.com").await;
    assert_eq!(host.count("users").await, 0, "registering makes no user");
    assert!(matches!(host.login("ann@example.com", "wrong one").await, Err(IdentityError::InvalidPassword)));
    assert!(matches!(host.login("bob@example.com", PASSWORD).await, Err(IdentityError::InvalidPassword)));
    assert_eq!(host.count("users").await, 0);

    let first = host.login("ann@example.com", PASSWORD).await.unwrap();
    let second = host.login("ann@example.com", PASSWORD).await.unwrap();
    assert_eq!(first.user_id, second.user_id);
    for (collection, expected) in [("users", 1), ("identities", 1), ("registrations", 1), ("sessions", 2)] {
        assert_eq!(host.count(collection).await, expected, "{collection}");
    }
    let events: Vec<Document> =
        host.system("events").find(doc! {}).sort(doc! {"_id": 1}).await.unwrap().try_collect().await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.get_str("type").unwrap()).collect();
    assert_eq!(kinds, ["CREATE", "LOGIN", "LOGIN"]);

    let profile = host.identity.profile(&app(), &first.user_id).await.unwrap();
    let identity = &profile.identities[0];
    let registration = host.system("registrations").find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(identity.id, registration.get_object_id("_id").unwrap().to_hex());
    assert_eq!((profile.kind.as_str(), identity.provider_type.as_str()), ("normal", "local-userpass"));
    assert_eq!(profile.data, doc! {"email": "ann@example.com"});
    let user = doc! {
        "id": &first.user_id,
        "type": "normal",
        "data": {"email": "ann@example.com"},
        "identities": [{"id": &identity.id, "provider_type": "local-userpass", "data": {"email": "ann@example.com"}}],
    };
    for event in events {
        assert_eq!(event.get_document("user").unwrap(), &user);
        assert_eq!(event.get_array("providers").unwrap(), &vec!["local-userpass".into()]);
        assert!(event.get_datetime("time").is_ok() && event.get_str("app").unwrap() == "shop-abcde");
    }
    host.stop().await;
}

#[tokio::test]
async fn anonymous_users_are_new_each_time_and_devices_are_kept() {
    let host = Host::start().await;
    let deployment = Deployment::without_functions(app());
    let login = async |device: &str| {
        let device = Device { id: Some(device.to_owned()) };
        host.identity.login(&deployment, Credential::Anonymous, device, PEER, REQUEST).await.unwrap()
    };
    let known = "65f0123456789abcdef01234";
    let one = login(known).await;
    assert_eq!(one.device_id, known);
    for unusable in ["000000000000000000000000", "not an id", ""] {
        let other = login(unusable).await;
        assert!(ObjectId::parse_str(&other.device_id).is_ok() && other.device_id != unusable);
        assert_ne!(other.user_id, one.user_id);
    }
    let refresh = claims(&one.refresh_token);
    assert_eq!(refresh["exp"].as_i64().unwrap() - refresh["iat"].as_i64().unwrap(), 1_576_800_000);
    let profile = host.identity.profile(&app(), &one.user_id).await.unwrap();
    assert_eq!((profile.data, profile.identities[0].provider_type.as_str()), (doc! {}, "anon-user"));
    host.stop().await;
}

#[tokio::test]
async fn providers_can_be_off_and_registrations_pending() {
    let host = Host::start().await;
    let mut closed = app();
    closed.providers = Default::default();
    let refusal = register(&host.identity, closed.clone(), "ann@example.com", PASSWORD).await;
    assert!(matches!(refusal, Err(IdentityError::ProviderNotFound(name)) if name == "local-userpass"));
    let refusal = login(&host.identity, closed.clone(), "ann@example.com", PASSWORD).await;
    assert!(matches!(refusal, Err(IdentityError::ProviderNotFound(name)) if name == "local-userpass"));
    let deployment = Deployment::without_functions(closed);
    let refusal = host.identity.login(&deployment, Credential::Anonymous, Device::default(), PEER, REQUEST).await;
    assert!(matches!(refusal, Err(IdentityError::ProviderNotFound(name)) if name == "anon-user"));

    let mut careful = app();
    careful.providers.local_userpass =
        Some(LocalUserpass { confirmation: Confirmation::Mail(Mail::default()), ..LocalUserpass::default() });
    register(&host.identity, careful, "ann@example.com", PASSWORD).await.unwrap();
    assert!(matches!(host.login("ann@example.com", PASSWORD).await, Err(IdentityError::Pending)));
    assert!(matches!(host.login("ann@example.com", "wrong one").await, Err(IdentityError::InvalidPassword)));
    assert_eq!(host.count("users").await, 0);
    host.stop().await;
}

#[tokio::test]
async fn failed_logins_are_limited_for_each_identity_whether_or_not_it_exists() {
    let host = Host::with(IdentityOptions { failures_per_identity: 3, ..IdentityOptions::default() }).await;
    host.register("ann@example.com").await;
    // A success clears the count.
    for _ in 0..2 {
        for _ in 0..2 {
            assert!(matches!(host.login("ann@example.com", "wrong one").await, Err(IdentityError::InvalidPassword)));
        }
        host.login("ann@example.com", PASSWORD).await.unwrap();
    }
    let window = limits::LOGIN_FAILURE_WINDOW.as_secs();
    for email in ["ann@example.com", "nobody@example.com"] {
        for _ in 0..3 {
            assert!(matches!(host.login(email, "wrong one").await, Err(IdentityError::InvalidPassword)));
        }
        let refusal = host.login(email, PASSWORD).await;
        assert!(matches!(refusal, Err(IdentityError::TooManyFailures(left)) if left <= window), "{email}: {refusal:?}");
    }
    host.user("bob@example.com").await;
    host.stop().await;
}

#[tokio::test]
async fn failed_logins_are_forgotten_when_their_window_has_passed() {
    let window = Duration::from_secs(4);
    let limited = IdentityOptions { failures_per_identity: 1, failure_window: window, ..IdentityOptions::default() };
    let host = Host::with(limited).await;
    host.register("ann@example.com").await;
    let limited = async || match host.login("ann@example.com", PASSWORD).await {
        Err(IdentityError::TooManyFailures(_)) => true,
        outcome => outcome.map(|_| false).unwrap(),
    };
    // On a machine that takes its time the window may have passed before one looks.
    let begun = loop {
        let begun = Instant::now();
        let refusal = host.login("ann@example.com", "wrong one").await;
        assert!(matches!(refusal, Err(IdentityError::InvalidPassword)), "{refusal:?}");
        if limited().await {
            break begun;
        }
    };
    eventually("the right password is right again", async || !limited().await).await;
    assert!(begun.elapsed() >= window - Duration::from_millis(500));
    host.stop().await;
}

#[tokio::test]
async fn failed_logins_are_limited_for_each_address() {
    let host = Host::with(IdentityOptions { failures_per_address: 4, ..IdentityOptions::default() }).await;
    host.register("ann@example.com").await;
    let deployment = Deployment::without_functions(app());
    let attempt = async |peer: &str, email: &str, password: &str| {
        let credential = Credential::EmailPassword { email: email.to_owned(), password: password.to_owned() };
        let peer: IpAddr = peer.parse().unwrap();
        host.identity.login(&deployment, credential, Device::default(), peer, REQUEST).await
    };
    // One network of IPv6 is one address, whichever of its 2^64 it uses.
    for number in 0..4 {
        let peer = format!("2001:db8:0:1::{number}");
        let refusal = attempt(&peer, &format!("user{number}@example.com"), "wrong one").await;
        assert!(matches!(refusal, Err(IdentityError::InvalidPassword)), "{refusal:?}");
    }
    let refusal = attempt("2001:db8:0:1:ffff::9", "ann@example.com", PASSWORD).await;
    assert!(matches!(refusal, Err(IdentityError::TooManyFailures(_))), "{refusal:?}");
    attempt("2001:db8:0:2::1", "ann@example.com", PASSWORD).await.unwrap();
    attempt("::ffff:192.0.2.1", "ann@example.com", PASSWORD).await.unwrap();

    // Trying a list of names by registering counts as well.
    for _ in 0..4 {
        let refusal = register(&host.identity, app(), "ann@example.com", PASSWORD).await;
        assert!(matches!(refusal, Err(IdentityError::AccountNameInUse)));
    }
    let refusal = register(&host.identity, app(), "bob@example.com", PASSWORD).await;
    assert!(matches!(refusal, Err(IdentityError::TooManyFailures(_))), "{refusal:?}");
    host.stop().await;
}

#[tokio::test]
async fn users_that_anybody_can_make_are_limited_for_each_address() {
    let host = Host::with(IdentityOptions { new_users_per_address: 3, ..IdentityOptions::default() }).await;
    let deployment = Deployment::without_functions(app());
    let anonymous = async |peer: &str| {
        let peer: IpAddr = peer.parse().unwrap();
        host.identity.login(&deployment, Credential::Anonymous, Device::default(), peer, REQUEST).await
    };
    let register = async |peer: &str, email: &str| {
        host.identity.register(&deployment, email, PASSWORD, peer.parse().unwrap(), REQUEST).await
    };
    register("2001:db8:0:1::1", "ann@example.com").await.unwrap();
    anonymous("2001:db8:0:1::2").await.unwrap();
    anonymous("2001:db8:0:1::3").await.unwrap();
    let before = host.count("users").await;
    let refusal = anonymous("2001:db8:0:1::4").await.map(drop);
    assert!(matches!(refusal, Err(IdentityError::TooManyRequests(1..))), "{refusal:?}");
    let refusal = register("2001:db8:0:1::1", "bob@example.com").await;
    assert!(matches!(refusal, Err(IdentityError::TooManyRequests(1..))), "{refusal:?}");
    assert_eq!((host.count("users").await, host.count("registrations").await), (before, 1));

    // Who has an account logs in, and who is elsewhere, or on this very machine, is not concerned.
    let credential = Credential::EmailPassword { email: "ann@example.com".to_owned(), password: PASSWORD.to_owned() };
    let peer: IpAddr = "2001:db8:0:1::1".parse().unwrap();
    host.identity.login(&deployment, credential, Device::default(), peer, REQUEST).await.unwrap();
    anonymous("2001:db8:0:2::1").await.unwrap();
    for peer in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "127.0.0.1"] {
        anonymous(peer).await.unwrap();
    }
    host.stop().await;
}

/// No transaction holds the two together; their order does.
#[tokio::test]
async fn a_login_without_a_session_leaves_no_event() {
    let host = Host::start().await;
    host.user("ann@example.com").await;
    let events = async || host.system("events").count_documents(doc! {"type": "LOGIN"}).await.unwrap();
    assert_eq!((events().await, host.count("sessions").await), (1, 1));
    let mut index = mongodb::IndexModel::builder().keys(doc! {"app": 1}).build();
    index.options = Some(mongodb::options::IndexOptions::builder().unique(true).build());
    host.system("sessions").create_index(index).await.unwrap();
    for _ in 0..5 {
        let failure = host.login("ann@example.com", PASSWORD).await;
        assert!(matches!(failure, Err(IdentityError::Internal(_))), "{failure:?}");
    }
    assert_eq!((events().await, host.count("sessions").await), (1, 1));
    host.stop().await;
}

#[tokio::test]
async fn a_failed_creation_leaves_nothing_and_can_be_tried_again() {
    let host = Host::start().await;
    host.register("ann@example.com").await;
    let mut broken = app();
    broken.custom_user_data.on_user_creation = Some("on_user_creation".to_owned());
    for _ in 0..2 {
        let failure = login(&host.identity, broken.clone(), "ann@example.com", PASSWORD).await;
        let Err(IdentityError::CreationFailed(message)) = failure else {
            panic!("{failure:?}");
        };
        assert_eq!(message, "function not found: 'on_user_creation'");
    }
    let deployment = Deployment::without_functions(broken);
    let failure = host.identity.create_user(&deployment, "bob@example.com", PASSWORD).await;
    assert!(matches!(failure, Err(IdentityError::CreationFailed(_))), "{failure:?}");
    for collection in ["users", "identities", "events", "sessions"] {
        assert_eq!(host.count(collection).await, 0, "{collection}");
    }
    assert_eq!(host.count("registrations").await, 1, "Ann's; Bob's is undone");
    host.login("ann@example.com", PASSWORD).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn deleting_a_user_leaves_the_custom_data_alone() {
    let host = Host::start().await;
    let ann = host.user("ann@example.com").await;
    let bob = host.user("bob@example.com").await;
    host.custom_data().insert_one(doc! {"user_id": &ann.user_id, "colour": "red"}).await.unwrap();

    host.identity.delete_user(&app(), &ann.user_id).await.unwrap();
    assert!(matches!(host.login("ann@example.com", PASSWORD).await, Err(IdentityError::InvalidPassword)));
    let refused = host.identity.refresh(&app(), &ann.refresh_token).await;
    assert!(is_session_error(&refused, "failed to find refresh token"), "{refused:?}");
    assert!(matches!(host.identity.delete_user(&app(), &ann.user_id).await, Err(IdentityError::UserNotFound)));
    assert!(matches!(host.identity.profile(&app(), &ann.user_id).await, Err(IdentityError::UserNotFound)));
    for collection in ["users", "identities", "registrations", "sessions"] {
        assert_eq!(host.count(collection).await, 1, "only Bob's {collection}");
    }
    host.identity.refresh(&app(), &bob.refresh_token).await.unwrap();
    let deleted = host.system("events").find_one(doc! {"type": "DELETE"}).await.unwrap().unwrap();
    assert_eq!(deleted.get_document("user").unwrap().get_str("id").unwrap(), ann.user_id);
    assert_eq!(deleted.get_array("providers").unwrap(), &vec!["local-userpass".into()]);
    assert_eq!(host.custom_data().count_documents(doc! {"user_id": &ann.user_id}).await.unwrap(), 1);

    let again = host.user("ann@example.com").await;
    assert_ne!(again.user_id, ann.user_id, "another person, for all that is known");
    host.stop().await;
}
