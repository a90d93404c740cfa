//! `kill -9` at random moments: nothing half done, nothing lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bson::{Bson, Document, doc};
use reqwest::StatusCode;

use crate::support::{Usher, sample};

const REGISTRATIONS: usize = 500;
/// After so many tokens each time, Usher is killed.
const KILLS: [usize; 5] = [37, 111, 190, 284, 401];
const LANES: usize = 8;

/// Logs anonymous users in until told otherwise or the server is gone.
async fn register(client: crate::support::Client, tokens: Arc<Mutex<BTreeSet<String>>>, until: usize) {
    while tokens.lock().unwrap().len() < until {
        let path = client.path("/auth/providers/anon-user/login");
        let Ok(login) = client.try_send(reqwest::Method::POST, &path, None, serde_json::Value::Null).await else {
            return;
        };
        assert_eq!(login.status, StatusCode::OK, "{login:?}");
        tokens.lock().unwrap().insert(login.text("user_id").to_owned());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_during_500_registrations() {
    let mut usher = Usher::serve(&[&sample()]);
    let tokens = Arc::new(Mutex::new(BTreeSet::new()));
    for stop in KILLS.into_iter().chain([REGISTRATIONS]) {
        // The lanes aim past the stop, so that the kill finds registrations under way.
        let aim = if stop == REGISTRATIONS { stop } else { usize::MAX };
        let lanes: Vec<_> =
            (0..LANES).map(|_| tokio::spawn(register(usher.client("sample"), tokens.clone(), aim))).collect();
        if stop != REGISTRATIONS {
            while tokens.lock().unwrap().len() < stop {
                tokio::task::yield_now().await;
            }
            usher.kill();
        }
        for lane in lanes {
            lane.await.unwrap();
        }
        if stop != REGISTRATIONS {
            usher.restart();
        }
    }

    let tokens = tokens.lock().unwrap().clone();
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
