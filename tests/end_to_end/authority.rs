//! On whose behalf a function runs, and what that lets it reach.

use bson::{Document, doc};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{AppDirectory, Client, Usher, guest};

fn app() -> AppDirectory {
    let hostile = guest("hostile");
    let mut app = AppDirectory::new("authority")
        .function("write", &hostile, json!({ "private": true, "run_as_system": true }))
        .function("who_am_i", &hostile, json!({}))
        .function("calls_another", &hostile, json!({}))
        .function("count_documents", &hostile, json!({}))
        .function("delete_account", &hostile, json!({ "account": ["delete"] }));
    app.set_function("return_error", &hostile, json!({ "private": true }));
    app.custom_data(Some("write"));
    app
}

async fn users(client: &Client, count: usize) -> Vec<(String, String)> {
    let mut users = Vec::new();
    for _ in 0..count {
        let login = client.log_in_anonymously().await;
        users.push((login.text("user_id").to_owned(), login.text("access_token").to_owned()));
    }
    users
}

#[tokio::test]
async fn a_user_reaches_one_document_and_the_system_all() {
    let mut app = app();
    let mut usher = Usher::serve(&[app.path()]);
    let client = usher.client("authority");
    let users = users(&client, 3).await;
    let count = client.call(&users[0].1, "count_documents", json!([])).await;
    assert_eq!(count.body, json!({ "$numberLong": "1" }), "{count:?}");

    app.set_function("count_documents", &guest("hostile"), json!({ "run_as_system": true }));
    usher.terminate();
    assert!(usher.wait());
    usher.restart();
    let client = usher.client("authority");
    let count = client.call(&users[0].1, "count_documents", json!([])).await;
    assert_eq!(count.body, json!({ "$numberLong": "3" }), "the token outlives the restart: {count:?}");
    let facts = client.call(&users[0].1, "who_am_i", json!([])).await.body;
    assert_eq!(facts["system"], false);
}

#[tokio::test]
async fn a_function_knows_its_caller_its_app_and_its_request() {
    let app = app();
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("authority");
    let users = users(&client, 1).await;
    let facts = client.call(&users[0].1, "who_am_i", json!([])).await.body;
    assert_eq!(facts["caller"]["id"], users[0].0.as_str());
    assert_eq!(facts["caller"]["type"], "normal");
    assert_eq!(facts["caller"]["identities"][0]["provider_type"], "anon-user");
    let data = &facts["caller"]["custom_data"];
    assert_eq!(data["user_id"], users[0].0.as_str());
    assert!(data["_id"]["$oid"].is_string(), "the document's own _id, not the claim's text: {data}");
    let about = &facts["app"];
    assert_eq!((about["id"].as_str(), about["clientAppId"].as_str()), (Some("authority"), Some("authority")));
    assert_eq!((about["name"].as_str(), about["deployment"]["model"].as_str()), (Some("authority"), Some("LOCAL")));
    assert!(about["lastDeployed"].as_str().is_some_and(|time| time.ends_with('Z')), "{about}");
    assert_eq!(facts["id"].as_str().unwrap().len(), 24);
}

#[tokio::test]
async fn functions_call_functions_for_the_same_caller() {
    let app = app();
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("authority");
    let users = users(&client, 2).await;
    let called = client.call(&users[1].1, "calls_another", json!(["who_am_i"])).await;
    assert_eq!(called.body["caller"]["id"], users[1].0.as_str(), "{called:?}");
    let counted = client.call(&users[1].1, "calls_another", json!(["count_documents"])).await;
    assert_eq!(counted.body, json!({ "$numberLong": "1" }));
    // Private functions are hidden from clients, not from functions; a failure passes through.
    client.call(&users[1].1, "return_error", json!([])).await.assert_error(404, "FunctionNotFound", "return_error");
    let failed = client.call(&users[1].1, "calls_another", json!(["return_error"])).await;
    failed.assert_error(400, "FunctionExecutionError", "Teapot: short and stout");
    let missing = client.call(&users[1].1, "calls_another", json!(["nothing"])).await;
    missing.assert_error(400, "FunctionExecutionError", "FunctionNotFound");
}

#[tokio::test]
async fn a_function_with_the_grant_deletes_the_callers_account_only() {
    let app = app();
    let usher = Usher::serve(&[app.path()]);
    let client = usher.client("authority");
    let users = users(&client, 2).await;
    assert_eq!(client.call(&users[0].1, "delete_account", json!([])).await.status, StatusCode::OK);
    let left = usher.database("usher").await.collection::<Document>("users");
    assert_eq!(left.count_documents(doc! {}).await.unwrap(), 1);
    assert!(
        left.find_one(doc! { "_id": bson::oid::ObjectId::parse_str(&users[1].0).unwrap() }).await.unwrap().is_some()
    );
    let deleted = usher.database("usher").await.collection::<Document>("events");
    assert_eq!(deleted.count_documents(doc! { "type": "DELETE", "user.id": &users[0].0 }).await.unwrap(), 1);
}

#[tokio::test]
async fn failed_logins_are_limited_for_an_identity_and_for_an_address() {
    let app = app();
    let usher =
        Usher::serve_with(&[app.path()], &["--login-failures-per-identity", "3", "--login-failures-per-address", "5"]);
    let client = usher.client("authority");
    for email in ["ada@example.com", "grace@example.com"] {
        assert_eq!(client.register(email).await.status, StatusCode::CREATED);
    }
    let guess = |email: &'static str| {
        let client = client.clone();
        let path = client.path("/auth/providers/local-userpass/login");
        let body = json!({ "username": email, "password": "a wrong guess" });
        async move { client.send(reqwest::Method::POST, &path, None, body).await }
    };
    for _ in 0..3 {
        guess("ada@example.com").await.assert_error(401, "InvalidPassword", "unauthorized");
    }
    assert_eq!(guess("ada@example.com").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(client.log_in("ada@example.com").await.status, StatusCode::TOO_MANY_REQUESTS, "the right password too");
    assert_eq!(client.log_in("grace@example.com").await.status, StatusCode::OK, "others are not affected");
    // An address of nobody counts as well, so that the answer does not tell who exists.
    for _ in 0..2 {
        guess("nobody@example.com").await.assert_error(401, "InvalidPassword", "unauthorized");
    }
    assert_eq!(guess("nobody2@example.com").await.status, StatusCode::TOO_MANY_REQUESTS, "the address is spent");
}
