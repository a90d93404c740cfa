//! Anonymous users that nobody uses any more (reference 4).

use std::time::Duration;

use bson::{DateTime, doc};
use usher_contract::limits;
use usher_dispatch::Deployment;
use usher_identity::{Credential, Device, IdentityOptions};

use crate::support::{Host, PASSWORD, PEER, REQUEST, anonymous, app};

impl Host {
    /// Makes a user look as if last seen some time ago.
    async fn age(&self, user: &str, age: Duration) {
        let id = bson::oid::ObjectId::parse_str(user).unwrap();
        let then = DateTime::from_millis(DateTime::now().timestamp_millis() - i64::try_from(age.as_millis()).unwrap());
        let aged = doc! {"$set": {"seen_at": then}};
        let outcome = self.system("users").update_one(doc! {"_id": id, "seen_at": {"$exists": true}}, aged).await;
        assert_eq!(outcome.unwrap().matched_count, 1);
    }

    async fn is_there(&self, user: &str) -> bool {
        self.identity.profile(&app(), user).await.is_ok()
    }
}

#[tokio::test]
async fn who_was_not_seen_for_long_goes() {
    let host = Host::start().await;
    let neighbour = host.neighbour(IdentityOptions::default()).await;
    let (old, day) = (limits::ANONYMOUS_USER_LIFETIME + Duration::from_secs(60), Duration::from_secs(24 * 3600));
    let stale = anonymous(&host.identity, app()).await.unwrap();
    let back = anonymous(&host.identity, app()).await.unwrap();
    let young = anonymous(&host.identity, app()).await.unwrap();
    let linked = anonymous(&host.identity, app()).await.unwrap();
    let ann = host.user("ann@example.com").await;
    host.register("linked@example.com").await;
    for user in [&stale, &back, &linked] {
        host.age(&user.user_id, old).await;
    }
    host.age(&young.user_id, limits::ANONYMOUS_USER_LIFETIME - day).await;
    let credential = Credential::EmailPassword { email: "linked@example.com".into(), password: PASSWORD.into() };
    let deployment = Deployment::without_functions(app());
    host.identity.link(&deployment, &linked.user_id, credential, Device::default(), PEER, REQUEST).await.unwrap();
    host.identity.refresh(&app(), &back.refresh_token).await.unwrap();

    // Two hosts at once: each user goes once.
    let own = app();
    let (one, other) = tokio::join!(host.identity.reap_anonymous(&own), neighbour.reap_anonymous(&own));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert!(!host.is_there(&stale.user_id).await);
    for user in [&back, &young, &linked, &ann] {
        assert!(host.is_there(&user.user_id).await);
    }
    let event = doc! {"type": "DELETE", "user.id": &stale.user_id, "providers": ["anon-user"]};
    assert_eq!(host.system("events").count_documents(event).await.unwrap(), 1);
    assert!(host.identity.refresh(&app(), &stale.refresh_token).await.is_err());
    let mut other = app();
    other.id = "other-abcde".to_owned();
    other.usher.users.anonymous_lifetime = Some(Duration::ZERO);
    assert_eq!(host.identity.reap_anonymous(&other).await.unwrap(), 0, "another app's users");

    // The app may say how long.
    let mut strict = app();
    strict.usher.users.anonymous_lifetime = Some(day);
    assert_eq!(host.identity.reap_anonymous(&strict).await.unwrap(), 1);
    assert!(!host.is_there(&young.user_id).await && host.is_there(&back.user_id).await);
    host.stop().await;
}

#[tokio::test]
async fn more_than_one_batch_goes_in_one_run() {
    let host = Host::start().await;
    let logins = futures::future::join_all((0..130).map(|_| anonymous(&host.identity, app()))).await;
    assert!(logins.iter().all(Result::is_ok));
    let long_ago = doc! {"$set": {"seen_at": DateTime::from_millis(0)}};
    host.system("users").update_many(doc! {}, long_ago).await.unwrap();
    assert_eq!(host.identity.reap_anonymous(&app()).await.unwrap(), 130);
    // Nor do hosts have to remember any of them.
    for collection in ["users", "identities", "sessions", "revocations"] {
        assert_eq!(host.count(collection).await, 0, "{collection}");
    }
    host.stop().await;
}
