//! The registration pipeline: all or nothing.

use bson::{Document, doc};
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{AppDirectory, Usher, guest, sample};

/// Everything that a creation leaves behind, in the app's database and in Usher's own.
async fn traces(usher: &Usher) -> Vec<(&'static str, u64)> {
    let (app, system) = (usher.database("e2e").await, usher.database("usher").await);
    let mut traces = Vec::new();
    for (database, collection) in [
        (&app, "custom_data"),
        (&app, "audit"),
        (&system, "users"),
        (&system, "identities"),
        (&system, "sessions"),
        (&system, "events"),
    ] {
        let count = database.collection::<Document>(collection).count_documents(doc! {}).await.unwrap();
        traces.push((collection, count));
    }
    traces
}

fn nothing() -> Vec<(&'static str, u64)> {
    ["custom_data", "audit", "users", "identities", "sessions", "events"].map(|name| (name, 0)).to_vec()
}

/// A creation function of the hostile component, repaired afterwards.
async fn fails_then_is_repaired(function: &str, message: &str) {
    let hostile = guest("hostile");
    // Only what the clock has to end is given little time.
    let time = if message == "time limit" { 1_500 } else { 20_000 };
    let manifest = json!({
        "private": true, "run_as_system": true, "budget": { "wall_clock_ms": time, "memory_mib": 32 },
        "grants": [{ "name": "audit", "database": "e2e", "collection": "audit" }],
    });
    let mut app = AppDirectory::new("creation").function(function, &hostile, manifest.clone());
    app.custom_data(Some(function));
    let mut usher = Usher::serve(&[app.path()]);
    let client = usher.client("creation");
    assert_eq!(client.register("ada@example.com").await.status, StatusCode::CREATED);

    client.log_in("ada@example.com").await.assert_error(401, "AuthError", message);
    assert_eq!(traces(&usher).await, nothing(), "{function} left something behind");

    app.set_function("write", &hostile, json!({ "private": true, "run_as_system": true }));
    app.custom_data(Some("write"));
    usher.terminate();
    assert!(usher.wait());
    usher.restart();
    let login = usher.client("creation").log_in("ada@example.com").await;
    assert_eq!(login.status, StatusCode::OK, "the same login succeeds once the function is repaired: {login:?}");
    let counts = traces(&usher).await;
    assert_eq!(counts[0], ("custom_data", 1));
    assert_eq!(counts[2], ("users", 1));
}

#[tokio::test]
async fn a_creation_function_that_answers_an_error() {
    fails_then_is_repaired("write_then_fail", "written, then failed").await;
}

#[tokio::test]
async fn a_creation_function_that_traps() {
    fails_then_is_repaired("write_then_trap", "trapped").await;
}

#[tokio::test]
async fn a_creation_function_that_loops_for_ever() {
    fails_then_is_repaired("write_then_loop", "time limit").await;
}

#[tokio::test]
async fn a_creation_function_that_eats_memory() {
    fails_then_is_repaired("memory_bomb", "memory").await;
}

#[tokio::test]
async fn a_write_by_another_grant_is_undone_too() {
    fails_then_is_repaired("write_via_grant_then_fail", "failed").await;
}

#[tokio::test]
async fn the_functions_own_message_reaches_the_client() {
    let usher = Usher::serve(&[&sample()]);
    let client = usher.client("sample");
    assert_eq!(client.register("eve@blocked.example").await.status, StatusCode::CREATED);
    let login = client.log_in("eve@blocked.example").await;
    login.assert_error(401, "AuthError", "addresses at blocked.example cannot register");
    let users = usher.database("usher").await.collection::<Document>("users");
    assert_eq!(users.count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test]
async fn fifty_concurrent_first_logins_make_one_user_and_one_document() {
    let usher = Usher::serve(&[&sample()]);
    let client = usher.client("sample");
    assert_eq!(client.register("ada@example.com").await.status, StatusCode::CREATED);

    let logins = join_all((0..50).map(async |_| {
        loop {
            let login = client.log_in("ada@example.com").await;
            // So many passwords at once may be too many for a slow machine, which says so and has done nothing.
            if login.status != StatusCode::SERVICE_UNAVAILABLE {
                break login;
            }
        }
    }))
    .await;
    for login in &logins {
        assert_eq!(login.status, StatusCode::OK, "{login:?}");
        assert_eq!(login.text("user_id"), logins[0].text("user_id"));
    }
    let system = usher.database("usher").await;
    let count = |name: &'static str| {
        let collection = system.collection::<Document>(name);
        async move { collection.count_documents(doc! {}).await.unwrap() }
    };
    assert_eq!(count("users").await, 1);
    assert_eq!(count("identities").await, 1);
    let created = system.collection::<Document>("events").count_documents(doc! { "type": "CREATE" }).await.unwrap();
    assert_eq!(created, 1);
    let data = usher.database("app").await.collection::<Document>("custom_data");
    assert_eq!(data.count_documents(doc! { "user_id": logins[0].text("user_id") }).await.unwrap(), 1);
    assert_eq!(data.count_documents(doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cut_a_registration_in_half() {
    let usher = Usher::serve(&[&sample()]);
    let client = usher.client("sample");
    let mut cut = 0;
    for round in 0..20_u64 {
        let login = client.log_in_anonymously();
        // The login is abandoned at another moment in each round; the connection closes with it.
        if tokio::time::timeout(std::time::Duration::from_millis(round), login).await.is_err() {
            cut += 1;
        }
    }
    assert!(cut > 0, "no login was cut short, so the test saw nothing");
    // Stopping finishes what runs; afterwards users and documents must match one to one.
    let mut usher = usher;
    usher.terminate();
    assert!(usher.wait());
    usher.restart();
    let ids = |collection: mongodb::Collection<Document>, field: &'static str| async move {
        let mut ids = Vec::new();
        let mut cursor = collection.find(doc! {}).await.unwrap();
        while cursor.advance().await.unwrap() {
            let document = cursor.deserialize_current().unwrap();
            ids.push(match document.get(field) {
                Some(bson::Bson::ObjectId(id)) => id.to_hex(),
                Some(bson::Bson::String(id)) => id.clone(),
                other => panic!("{field}: {other:?}"),
            });
        }
        ids.sort();
        ids
    };
    let users = ids(usher.database("usher").await.collection("users"), "_id").await;
    let documents = ids(usher.database("app").await.collection("custom_data"), "user_id").await;
    assert_eq!(users, documents);
}
