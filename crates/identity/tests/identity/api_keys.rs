//! API keys of users and of the app (reference 3.6).

use std::time::Duration;

use bson::doc;
use usher_app::App;
use usher_contract::limits;
use usher_dispatch::Deployment;
use usher_identity::{Credential, Device, Identity, IdentityError, Login};

use crate::support::{Host, PEER, REQUEST, anonymous, app, claims, is_session_error};

fn keyed() -> App {
    let mut app = app();
    app.providers.api_key = true;
    app
}

async fn login(host: &Host, app: App, key: &str) -> Result<Login, IdentityError> {
    let deployment = Deployment::without_functions(app);
    host.identity.login(&deployment, Credential::ApiKey(key.to_owned()), Device::default(), PEER, REQUEST).await
}

fn refused(outcome: &Result<Login, IdentityError>) {
    assert!(matches!(outcome, Err(IdentityError::Unauthorized)), "{outcome:?}");
}

#[tokio::test]
async fn a_user_makes_keys_and_logs_in_with_them_as_themselves() {
    let host = Host::start().await;
    let (identity, app): (&Identity, App) = (&host.identity, keyed());
    let ann = host.user("ann@example.com").await;
    let refresh = &ann.refresh_token;
    let made = identity.create_user_key(&app, refresh, "ci_1-A").await.unwrap();
    assert_eq!((made.key.len(), made.id.len(), made.name.as_str()), (64, 24, "ci_1-A"));
    assert!(!format!("{made:?}").contains(&made.key));
    let stored = host.system("api_keys").find_one(doc! {}).await.unwrap().unwrap();
    assert!(!stored.to_string().contains(&made.key), "only the hash is kept");
    assert!(matches!(identity.create_user_key(&app, refresh, "ci_1-A").await, Err(IdentityError::KeyExists)));
    for name in ["", "a b", "ä", "a.b", "$where"] {
        assert!(matches!(identity.create_user_key(&app, refresh, name).await, Err(IdentityError::KeyName)), "{name}");
    }
    let long = identity.create_user_key(&app, refresh, &"x".repeat(limits::API_KEY_NAME_CHARS + 1)).await;
    assert!(matches!(long, Err(IdentityError::BadRequest(_))));

    let session = login(&host, app.clone(), &made.key).await.unwrap();
    assert_eq!(session.user_id, ann.user_id);
    let claim = claims(&session.refresh_token);
    assert_eq!(claim["baas_identity"]["provider_type"], "api-key");
    assert_eq!(claim["baas_identity"]["id"], made.id.as_str());
    login(&host, app.clone(), &made.key).await.unwrap();
    let profile = identity.profile(&app, &ann.user_id).await.unwrap();
    let providers: Vec<&str> = profile.identities.iter().map(|identity| identity.provider_type.as_str()).collect();
    assert_eq!(providers, ["local-userpass", "api-key"]);
    assert_eq!((profile.kind.as_str(), profile.data), ("normal", doc! {"email": "ann@example.com"}));
    let event = doc! {"type": "LOGIN", "providers": ["api-key"]};
    assert_eq!(host.system("events").count_documents(event).await.unwrap(), 2);

    // Nobody else's.
    let bob = host.user("bob@example.com").await;
    for outcome in [
        identity.user_key(&app, &bob.refresh_token, &made.id).await.map(drop),
        identity.set_user_key_disabled(&app, &bob.refresh_token, &made.id, true).await,
        identity.delete_user_key(&app, &bob.refresh_token, &made.id).await,
        identity.user_key(&app, refresh, "65f000000000000000000001").await.map(drop),
        identity.user_key(&app, refresh, "no id").await.map(drop),
        identity.delete_server_key(&app, &made.id).await,
    ] {
        assert!(matches!(outcome, Err(IdentityError::KeyNotFound)), "{outcome:?}");
    }
    identity.create_user_key(&app, &bob.refresh_token, "ci_1-A").await.unwrap();
    assert_eq!(identity.user_keys(&app, refresh).await.unwrap().len(), 1);
    for wrong in [ann.access_token.as_str(), "x.y.z"] {
        let refusal = identity.user_keys(&app, wrong).await;
        assert!(is_session_error(&refusal, ""), "{refusal:?}");
    }

    // Disabled: no login, and the sessions that it opened end; enabled, it works again.
    identity.set_user_key_disabled(&app, refresh, &made.id, true).await.unwrap();
    assert!(identity.user_key(&app, refresh, &made.id).await.unwrap().disabled);
    refused(&login(&host, app.clone(), &made.key).await);
    assert!(is_session_error(&identity.refresh(&app, &session.refresh_token).await, ""));
    identity.refresh(&app, refresh).await.unwrap();
    identity.set_user_key_disabled(&app, refresh, &made.id, false).await.unwrap();
    let session = login(&host, app.clone(), &made.key).await.unwrap();

    // Deleted: not by itself, then by the owner.
    let refusal = identity.delete_user_key(&app, &session.refresh_token, &made.id).await;
    assert!(matches!(refusal, Err(IdentityError::KeyInUse)), "{refusal:?}");
    identity.delete_user_key(&app, refresh, &made.id).await.unwrap();
    refused(&login(&host, app.clone(), &made.key).await);
    assert!(is_session_error(&identity.refresh(&app, &session.refresh_token).await, ""));
    assert_eq!(identity.profile(&app, &ann.user_id).await.unwrap().identities.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn keys_are_limited_and_not_for_everybody() {
    let host = Host::start().await;
    let (identity, app) = (&host.identity, keyed());
    let stranger = anonymous(identity, app.clone()).await.unwrap();
    let refusal = identity.create_user_key(&app, &stranger.refresh_token, "a").await;
    assert!(matches!(&refusal, Err(IdentityError::BadRequest(text)) if text.contains("anonymous")), "{refusal:?}");
    let ann = host.user("ann@example.com").await;
    let off = identity.create_user_key(&crate::support::app(), &ann.refresh_token, "a").await;
    assert!(matches!(off, Err(IdentityError::ProviderNotFound(_))), "{off:?}");

    for number in 0..limits::USER_API_KEYS {
        identity.create_user_key(&app, &ann.refresh_token, &format!("key{number}")).await.unwrap();
    }
    let refusal = identity.create_user_key(&app, &ann.refresh_token, "more").await;
    assert!(matches!(&refusal, Err(IdentityError::BadRequest(text)) if text.contains("20 API keys")), "{refusal:?}");
    let keys = identity.user_keys(&app, &ann.refresh_token).await.unwrap();
    assert_eq!((keys.len(), keys[3].name.as_str()), (20, "key3"), "oldest first");
    identity.delete_user_key(&app, &ann.refresh_token, &keys[0].id).await.unwrap();
    identity.create_user_key(&app, &ann.refresh_token, "more").await.unwrap();

    // With the user go the keys.
    identity.delete_user(&app, &ann.user_id).await.unwrap();
    assert_eq!(host.count("api_keys").await, 0);
    host.stop().await;
}

#[tokio::test]
async fn a_key_of_the_app_is_a_user_of_its_own() {
    let host = Host::start().await;
    let (identity, app) = (&host.identity, keyed());
    let made = identity.create_server_key(&app, "nightly").await.unwrap();
    assert!(matches!(identity.create_server_key(&app, "nightly").await, Err(IdentityError::KeyExists)));
    assert_eq!(host.count("users").await, 0);
    let session = login(&host, app.clone(), &made.key).await.unwrap();
    assert_eq!(login(&host, app.clone(), &made.key).await.unwrap().user_id, session.user_id);
    let profile = identity.profile(&app, &session.user_id).await.unwrap();
    assert_eq!((profile.kind.as_str(), profile.data), ("server", doc! {"name": "nightly"}));
    assert_eq!(profile.identities[0].provider_type, "api-key");
    assert_eq!(host.system("events").count_documents(doc! {"type": "CREATE"}).await.unwrap(), 1);

    // Another app's it is not, nor does it work where keys are off.
    let mut other = keyed();
    other.id = "other-abcde".to_owned();
    refused(&login(&host, other.clone(), &made.key).await);
    assert!(identity.server_keys(&other).await.unwrap().is_empty());
    let off = login(&host, crate::support::app(), &made.key).await;
    assert!(matches!(off, Err(IdentityError::ProviderNotFound(name)) if name == "api-key"));
    refused(&login(&host, app.clone(), "").await);

    // It stands for that user and for nobody else, before its first login and after.
    let ann = host.user("ann@example.com").await;
    let unused = identity.create_server_key(&app, "unused").await.unwrap();
    let link = async |key: &str| {
        let deployment = Deployment::without_functions(keyed());
        let credential = Credential::ApiKey(key.to_owned());
        identity.link(&deployment, &ann.user_id, credential, Device::default(), PEER, REQUEST).await.map(drop)
    };
    let refusal = link(&unused.key).await;
    assert!(
        matches!(&refusal, Err(IdentityError::BadRequest(text)) if text.contains("user of its own")),
        "{refusal:?}"
    );
    assert!(matches!(link(&made.key).await, Err(IdentityError::LinkInUse)));
    identity.delete_server_key(&app, &unused.id).await.unwrap();
    identity.delete_user(&app, &ann.user_id).await.unwrap();

    identity.set_server_key_disabled(&app, &made.id, true).await.unwrap();
    assert!(identity.server_keys(&app).await.unwrap()[0].disabled);
    refused(&login(&host, app.clone(), &made.key).await);
    identity.set_server_key_disabled(&app, &made.id, false).await.unwrap();
    login(&host, app.clone(), &made.key).await.unwrap();
    identity.delete_server_key(&app, &made.id).await.unwrap();
    refused(&login(&host, app.clone(), &made.key).await);
    for collection in ["users", "identities", "api_keys", "sessions"] {
        assert_eq!(host.count(collection).await, 0, "{collection}");
    }
    assert_eq!(
        host.system("events").count_documents(doc! {"type": "DELETE"}).await.unwrap(),
        2,
        "Ann's, and the key's"
    );
    let unused = identity.create_server_key(&app, "unused").await.unwrap();
    identity.delete_server_key(&app, &unused.id).await.unwrap();
    assert_eq!(host.count("api_keys").await, 0);
    host.stop().await;
}

/// Whoever had looked the key up before it was disabled or deleted must not get a session that nobody ends any more.
#[tokio::test]
async fn no_session_outlives_its_key() {
    let host = Host::start().await;
    let (identity, app) = (&host.identity, keyed());
    let ann = host.user("ann@example.com").await;
    for deleted in [false, true] {
        let made = identity.create_user_key(&app, &ann.refresh_token, &format!("key-{deleted}")).await.unwrap();
        // The user's document is held, so that the login waits for it with the key in its hand.
        let mut held = host.database.client().start_session().await.unwrap();
        held.start_transaction().await.unwrap();
        let touch = doc! {"$set": {"touched": deleted}};
        host.system("users").update_one(doc! {}, touch).session(&mut held).await.unwrap();
        let mut waiting = Box::pin(login(&host, app.clone(), &made.key));
        let early = tokio::time::timeout(Duration::from_secs(2), &mut waiting).await;
        assert!(early.is_err(), "it did not wait: {early:?}");
        if deleted {
            identity.delete_user_key(&app, &ann.refresh_token, &made.id).await.unwrap();
        } else {
            identity.set_user_key_disabled(&app, &ann.refresh_token, &made.id, true).await.unwrap();
        }
        held.abort_transaction().await.unwrap();
        refused(&waiting.await);
        assert_eq!(host.count("sessions").await, 1, "Ann's own");
        assert_eq!(host.system("events").count_documents(doc! {"providers": "api-key"}).await.unwrap(), 0);
    }
    // Of the key that is only disabled an identity is left.
    assert_eq!(identity.profile(&app, &ann.user_id).await.unwrap().identities.len(), 2);
    host.stop().await;
}
