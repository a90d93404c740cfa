//! `kill -9` at random moments: nothing half done, nothing lost.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, doc};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::support::{Client, Usher, sample};

const REGISTRATIONS: usize = 500;
/// After so many tokens each time, Usher is killed.
const KILLS: [usize; 5] = [37, 111, 190, 284, 401];
const LANES: usize = 8;

/// Logs anonymous users in until told otherwise or the server is gone.
async fn register(client: Client, tokens: mpsc::UnboundedSender<String>) {
    let path = client.path("/auth/providers/anon-user/login");
    while let Ok(login) = client.try_send(Method::POST, &path, None, Value::Null).await {
        assert_eq!(login.status, StatusCode::OK, "{login:?}");
        if tokens.send(login.text("user_id").to_owned()).is_err() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_during_500_registrations() {
    let mut usher = Usher::serve(&[&sample()]);
    let mut tokens = BTreeSet::new();
    for stop in KILLS.into_iter().chain([REGISTRATIONS]) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let lanes: Vec<_> =
            (0..LANES).map(|_| tokio::spawn(register(usher.client("sample"), sender.clone()))).collect();
        drop(sender);
        // None comes where every lane has failed, which is told below.
        while tokens.len() < stop
            && let Some(token) = receiver.recv().await
        {
            tokens.insert(token);
        }
        if stop == REGISTRATIONS {
            receiver.close();
        } else {
            // The lanes go on until now, so that registrations are under way.
            usher.kill();
        }
        while let Some(token) = receiver.recv().await {
            tokens.insert(token);
        }
        for lane in lanes {
            lane.await.unwrap();
        }
        if stop != REGISTRATIONS {
            usher.restart();
        }
    }

    assert!(tokens.len() >= REGISTRATIONS);
    let users = usher.database("usher").await.collection::<Document>("users");
    let mut ids = BTreeSet::new();
    let mut cursor = users.find(doc! {}).await.unwrap();
    while cursor.advance().await.unwrap() {
        ids.insert(cursor.deserialize_current().unwrap().get_object_id("_id").unwrap().to_hex());
    }
    let data = usher.database("app").await.collection::<Document>("custom_data");
    let mut documents: BTreeMap<String, usize> = BTreeMap::new();
    let mut cursor = data.find(doc! {}).await.unwrap();
    while cursor.advance().await.unwrap() {
        let document = cursor.deserialize_current().unwrap();
        let Some(Bson::String(id)) = document.get("user_id") else { panic!("{document}") };
        *documents.entry(id.clone()).or_default() += 1;
    }
    for id in &tokens {
        assert!(ids.contains(id), "user {id} got a token and is gone");
    }
    for id in &ids {
        assert_eq!(documents.get(id), Some(&1), "user {id} has not exactly one document");
    }
    for id in documents.keys() {
        assert!(ids.contains(id), "a document stands without its user {id}");
    }
}
