//! Many at once.

use std::collections::HashSet;

use bson::doc;
use futures::future::join_all;
use usher_identity::{Identity, IdentityOptions};

use crate::support::{Host, PASSWORD, app, login, login_in_a_crowd};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_first_logins_on_two_hosts_make_one_user() {
    let host = Host::start().await;
    let neighbour = host.neighbour(IdentityOptions::default()).await;
    host.register("ann@example.com").await;
    let logins = (0..50).map(|number| {
        let identity = if number % 2 == 0 { host.identity.clone() } else { neighbour.clone() };
        tokio::spawn(async move { login_in_a_crowd(&identity, "ann@example.com").await.user_id })
    });
    let users: HashSet<String> = join_all(logins).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(users.len(), 1, "{users:?}");
    for (collection, expected) in [("users", 1), ("identities", 1), ("sessions", 50)] {
        assert_eq!(host.count(collection).await, expected, "{collection}");
    }
    let created = host.system("events").count_documents(doc! {"type": "CREATE"}).await.unwrap();
    assert_eq!(created, 1);
    host.stop().await;
}

/// While another host holds the claim (its creation function may take long), a login waits and then takes its user.
#[tokio::test]
async fn a_login_waits_for_the_host_that_is_creating_the_user() {
    let host = Host::start().await;
    host.register("ann@example.com").await;
    let registration = host.system("registrations").find_one(doc! {}).await.unwrap().unwrap();
    let provider_id = registration.get_object_id("_id").unwrap().to_hex();
    let (user, now) = (bson::oid::ObjectId::new(), bson::DateTime::now());

    let mut session = host.database.client().start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let claim = doc! {
        "app": "shop-abcde", "user_id": user, "provider": "local-userpass", "provider_id": &provider_id,
        "data": {}, "linked_at": now,
    };
    host.system("identities").insert_one(claim).session(&mut session).await.unwrap();
    let mut waiting = Box::pin(host.login("ann@example.com", PASSWORD));
    let early = tokio::time::timeout(std::time::Duration::from_secs(3), &mut waiting).await;
    assert!(early.is_err(), "it did not wait: {early:?}");

    let record =
        doc! {"_id": user, "app": "shop-abcde", "type": "normal", "data": {}, "disabled": false, "created_at": now};
    host.system("users").insert_one(record).session(&mut session).await.unwrap();
    session.commit_transaction().await.unwrap();
    assert_eq!(waiting.await.unwrap().user_id, user.to_hex());
    assert_eq!(host.count("users").await, 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_start_at_once_share_one_signing_key() {
    let host = Host::start().await;
    host.system("signing_keys").delete_many(doc! {}).await.unwrap();
    let starts = (0..6).map(|_| {
        let (database, dispatcher) = (host.database.clone(), host.dispatcher.clone());
        tokio::spawn(async move { Identity::open(database, dispatcher, IdentityOptions::default()).await.unwrap() })
    });
    let hosts: Vec<_> = join_all(starts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(host.count("signing_keys").await, 1);
    host.register("ann@example.com").await;
    let token = login(&hosts[0], app(), "ann@example.com", PASSWORD).await.unwrap().access_token;
    for other in &hosts {
        other.verify_access(&app(), &token).await.unwrap();
    }
    host.stop().await;
}
