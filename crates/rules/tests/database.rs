//! Queries mean to a real database what they mean to the host.

#[path = "support/random.rs"]
mod random;
mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use bson::{Bson, Document, doc};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;
use support::{World, bind, document};
use usher_database::{ConnectOptions, Database, Embedded};
use usher_rules::Visible;
use usher_rules::matcher::Query;

#[tokio::test]
async fn queries_of_rules_find_what_the_host_sees() {
    let directory = tempfile::tempdir().expect("a directory");
    let in_workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/secantusd-rs");
    let program = std::env::var_os("USHER_DATABASE_PROGRAM")
        .map(PathBuf::from)
        .or_else(|| in_workspace.exists().then_some(in_workspace));
    let embedded = Embedded::start(directory.path(), program.as_deref())
        .await
        .unwrap_or_else(|error| panic!("`cargo xtask setup` installs the database that this test needs: {error}"));
    let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.expect("it answers");
    let collection = database.client().database("rules").collection::<Document>("documents");

    let mut runner = TestRunner::deterministic();
    let mut documents = Vec::new();
    for id in 0..300 {
        let mut one = document(&random::documents().new_tree(&mut runner).expect("a document").current());
        one.insert("_id", id);
        documents.push(one);
    }
    collection.insert_many(&documents).await.expect("they are inserted");

    let mut wrong = Vec::new();
    let mut compared = 0;
    for _ in 0..600 {
        let expression = random::expression().new_tree(&mut runner).expect("an expression").current();
        let bound = bind(&json!({ "roles": [{ "apply_when": expression, "read": true }] }), &World::of("ann")).await;
        let Visible::Matching { query, .. } = bound.visible(&[]) else { continue };
        let matcher = Query::compile(&query).expect("good operators");
        let expected: BTreeSet<i32> =
            documents.iter().filter(|it| matcher.matches(it)).filter_map(|it| it.get_i32("_id").ok()).collect();
        let mut found = BTreeSet::new();
        let mut cursor = collection
            .find(query.clone())
            .projection(doc! { "_id": 1 })
            .await
            .unwrap_or_else(|e| panic!("{query}: {e}"));
        while cursor.advance().await.expect("a batch") {
            found.insert(cursor.deserialize_current().expect("a document").get_i32("_id").expect("a number"));
        }
        compared += 1;
        if found != expected {
            let differ = found.symmetric_difference(&expected).next().copied();
            let example = differ.map(|id| Bson::Document(documents[id as usize].clone()));
            wrong.push(format!("{query}\n   by the host {}: {example:?}", !found.contains(&differ.unwrap_or(-1))));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 200, "{compared}");
}
