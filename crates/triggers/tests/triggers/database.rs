//! Events of data.

use std::collections::BTreeMap;

use bson::oid::ObjectId;
use bson::{Binary, Bson, DateTime, Decimal128, Document, Timestamp, doc};

use crate::support::{Stage, eventually, n, things};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_arrive_as_mongodb_words_them_with_every_type() {
    let trigger = things(|trigger| {
        trigger.full_document = true;
        trigger.full_document_before_change = true;
    });
    let stage = Stage::new(vec![trigger]).await;
    let host = stage.host("one").await;
    let id = ObjectId::new();
    let binary = Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2, 3] };
    let document = doc! {
        "_id": id, "text": "t", "int": 7, "long": 8_i64, "double": 1.5, "whole": 2.0, "date": DateTime::from_millis(1_700_000_000_123),
        "decimal": "1.10".parse::<Decimal128>().unwrap(), "binary": binary, "null": Bson::Null, "list": [1, 2_i64, {"a": true}],
        "timestamp": Timestamp { time: 5, increment: 6 }, "nested": {"a": 1, "b": 2},
    };
    let things = stage.data("things");
    things.insert_one(&document).await.unwrap();
    // Before-images are kept once the trigger has asked for them, which it has when its first event has come.
    stage.delivered(1).await;
    things
        .update_one(doc! {"_id": id}, doc! {"$set": {"int": 9, "nested.a": 2}, "$unset": {"text": ""}})
        .await
        .unwrap();
    stage.delivered(2).await;
    things.delete_one(doc! {"_id": id}).await.unwrap();
    let seen = stage.delivered(3).await;

    let insert = &seen[0];
    assert_eq!(insert.get_str("operationType").unwrap(), "insert");
    assert_eq!(insert.get_document("fullDocument").unwrap(), &document, "every type survives");
    assert_eq!(insert.get_document("documentKey").unwrap(), &doc! {"_id": id});
    assert_eq!(insert.get_document("ns").unwrap(), &doc! {"db": "app", "coll": "things"});
    assert!(insert.get_document("_id").unwrap().contains_key("_data"), "{insert}");
    insert.get_timestamp("clusterTime").unwrap();
    insert.get_datetime("wallTime").unwrap();

    let update = &seen[1];
    assert_eq!(update.get_str("operationType").unwrap(), "update");
    let description = update.get_document("updateDescription").unwrap();
    assert_eq!(description.get_document("updatedFields").unwrap(), &doc! {"int": 9, "nested.a": 2});
    assert_eq!(description.get_array("removedFields").unwrap(), &vec![Bson::from("text")]);
    assert_eq!(update.get_document("fullDocument").unwrap().get_i32("int").unwrap(), 9);
    assert_eq!(update.get_document("fullDocumentBeforeChange").unwrap(), &document);

    let delete = &seen[2];
    assert_eq!(delete.get_str("operationType").unwrap(), "delete");
    assert!(!delete.contains_key("fullDocument"), "{delete}");
    assert_eq!(delete.get_document("fullDocumentBeforeChange").unwrap().get_i32("int").unwrap(), 9);

    let call = stage.data("seen").find_one(doc! {}).await.unwrap().unwrap();
    assert!(call.get_bool("system").unwrap(), "a trigger runs as the system");
    assert_eq!(call.get_array("given").unwrap().len(), 1);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_match_and_project_choose_what_arrives() {
    let trigger = things(|trigger| {
        trigger.operations = vec!["INSERT".to_owned(), "REPLACE".to_owned()];
        trigger.filter = Some(doc! {"fullDocument.n": {"$gte": 10}});
        trigger.project = Some(doc! {"operationType": 1, "fullDocument.n": 1});
    });
    let stage = Stage::new(vec![trigger]).await;
    let host = stage.host("one").await;
    let things = stage.data("things");
    things.insert_many([doc! {"_id": 1, "n": 1, "m": 1}, doc! {"_id": 2, "n": 10, "m": 1}]).await.unwrap();
    things.update_one(doc! {"_id": 2}, doc! {"$set": {"n": 11}}).await.unwrap();
    things.replace_one(doc! {"_id": 1}, doc! {"n": 12}).await.unwrap();
    things.delete_one(doc! {"_id": 2}).await.unwrap();
    things.insert_one(doc! {"_id": 3, "n": 99}).await.unwrap();
    let mut seen = stage.delivered(3).await;
    for event in &mut seen {
        assert!(event.remove("_id").is_some(), "{event}");
    }
    seen.sort_by_key(n);
    let expected = [("insert", 10), ("replace", 12), ("insert", 99)]
        .map(|(kind, n)| doc! {"operationType": kind, "fullDocument": {"n": n}});
    let fields = |event: &Document| (event.get_str("operationType").unwrap().to_owned(), n(event), event.len());
    assert_eq!(seen.iter().map(fields).collect::<Vec<_>>(), expected.iter().map(fields).collect::<Vec<_>>());
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_one_document_come_in_order_and_of_a_database_all() {
    let stage = Stage::new(vec![things(|trigger| {
        trigger.collection = None;
        trigger.database = Some("wide".to_owned());
    })])
    .await;
    let host = stage.host("one").await;
    let wide = stage.database.client().database("wide");
    let (rounds, documents) = (12_i32, 8_i32);
    for round in 0..rounds {
        for document in 0..documents {
            let collection = wide.collection::<Document>(if document % 2 == 0 { "even" } else { "odd" });
            collection.replace_one(doc! {"_id": document}, doc! {"n": round}).upsert(true).await.unwrap();
        }
    }
    let total = usize::try_from(rounds * documents).unwrap();
    let seen = stage.delivered(total).await;
    assert_eq!(seen.len(), total, "each once");
    let mut by_document: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for event in &seen {
        by_document.entry(event.get_document("documentKey").unwrap().to_string()).or_default().push(n(event));
    }
    let expected: Vec<i32> = (0..rounds).collect();
    assert_eq!(by_document.len() * expected.len(), total);
    assert!(by_document.values().all(|order| *order == expected), "{by_document:?}");
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_that_was_off_catches_up_unless_it_skips() {
    let skipping = things(|trigger| trigger.skip_catchup_events = true);
    let mut patient = things(|_| {});
    patient.name = "patient".to_owned();
    let mut stage = Stage::new(vec![skipping, patient]).await;
    let host = stage.host("one").await;
    let both = stage.app.clone();
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(2).await;

    for trigger in stage.app.triggers.values_mut() {
        trigger.disabled = true;
    }
    host.deploy(&stage.app, &stage.directory()).await;
    eventually("both stand still", async || {
        stage.operator().await.list(&stage.app).await.unwrap().iter().all(|state| state.host.is_none())
    })
    .await;
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    host.deploy(&both, &stage.directory()).await;
    // Only the patient one.
    let seen = stage.delivered(3).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 1, 2]);
    eventually("the other has begun anew", async || {
        let position = stage.system("trigger_positions").find_one(doc! {"_id": "app/changes"}).await.unwrap().unwrap();
        !position.get_bool("paused").unwrap()
    })
    .await;
    stage.data("things").insert_one(doc! {"n": 3}).await.unwrap();
    let seen = stage.delivered(5).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 1, 2, 3, 3]);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_happens_does_not_hide_that_a_trigger_was_switched_off() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    let host = stage.host("one").await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(1).await;
    // As a deployment does of which the one that runs the trigger has not heard yet.
    let this = doc! {"_id": "app/changes"};
    let positions = stage.system("trigger_positions");
    positions.update_one(this.clone(), doc! {"$set": {"paused": true}}).await.unwrap();
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    stage.delivered(2).await;
    assert!(positions.find_one(this).await.unwrap().unwrap().get_bool("paused").unwrap());
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_forgotten_halts_a_trigger_until_it_is_restarted() {
    let mut tolerant = things(|trigger| trigger.tolerate_resume_errors = true);
    tolerant.name = "tolerant".to_owned();
    let stage = Stage::new(vec![things(|_| {}), tolerant]).await;
    let host = stage.host("one").await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(2).await;
    host.triggers.stop().await;

    let nowhere = doc! {"$set": {"place": {"_data": "82650000000000000001"}}};
    stage.system("trigger_positions").update_many(doc! {}, nowhere).await.unwrap();
    let host = stage.host("two").await;
    let operator = stage.operator().await;
    eventually("it stands still", async || operator.list(&stage.app).await.unwrap()[0].halted.is_some()).await;
    eventually("the tolerant one goes on", async || {
        let position = stage.system("trigger_positions").find_one(doc! {"_id": "app/tolerant"}).await.unwrap().unwrap();
        position.get_document("place").unwrap() != &doc! {"_data": "82650000000000000001"}
    })
    .await;
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    let seen = stage.delivered(3).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 1, 2]);
    assert!(operator.restart(&stage.app, "changes").await.unwrap());
    assert!(!operator.restart(&stage.app, "tolerant").await.unwrap(), "it does not stand still");
    stage.data("things").insert_one(doc! {"n": 3}).await.unwrap();
    let seen = stage.delivered(5).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 1, 2, 3, 3], "what happened meanwhile is lost");
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_collection_is_followed_when_it_is_made_again() {
    let stage = Stage::new(vec![things(|trigger| trigger.operations = vec!["INSERT".to_owned()])]).await;
    let host = stage.host("one").await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(1).await;
    stage.data("things").drop().await.unwrap();
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    let seen = stage.delivered(2).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 2]);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_of_every_database_sees_those_of_apps() {
    let stage = Stage::new(vec![things(|trigger| {
        (trigger.database, trigger.collection) = (None, None);
        trigger.operations = vec!["INSERT".to_owned()];
        trigger.filter = Some(doc! {"fullDocument.n": {"$exists": true}});
    })])
    .await;
    let host = stage.host("one").await;
    let collection = |name: &str| stage.database.client().database(name).collection::<Document>("wide");
    for (database, number) in [("usher", 1), ("one", 2), ("__realm_sync_5f", 3), ("two", 4)] {
        collection(database).insert_one(doc! {"n": number}).await.unwrap();
    }
    let mut seen: Vec<i32> = stage.delivered(2).await.iter().map(n).collect();
    seen.sort_unstable();
    assert_eq!(seen, [2, 4]);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_collections_arrives_under_the_names_of_app_services() {
    let stage = Stage::new(vec![things(|trigger| {
        (trigger.database, trigger.collection) = (Some("wide".to_owned()), None);
        trigger.operations =
            ["CREATE_COLLECTION", "RENAME_COLLECTION", "DROP_COLLECTION", "CREATE_INDEXES"].map(str::to_owned).to_vec();
    })])
    .await;
    let host = stage.host("one").await;
    let wide = stage.database.client().database("wide");
    wide.create_collection("made").await.unwrap();
    let made = wide.collection::<Document>("made");
    made.insert_one(doc! {"n": 1}).await.unwrap();
    made.create_index(mongodb::IndexModel::builder().keys(doc! {"n": 1}).build()).await.unwrap();
    let rename = doc! {"renameCollection": "wide.made", "to": "wide.renamed"};
    stage.database.client().database("admin").run_command(rename).await.unwrap();
    wide.collection::<Document>("renamed").drop().await.unwrap();
    let seen = stage.delivered(4).await;
    let mut kinds: Vec<&str> = seen.iter().map(|event| event.get_str("operationType").unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["create", "createIndexes", "drop", "rename"]);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_that_is_no_query_is_told_until_it_is_mended() {
    let broken = things(|trigger| trigger.filter = Some(doc! {"fullDocument.n": {"$unknown": 1}}));
    let mut stage = Stage::new(vec![broken]).await;
    let host = stage.host("one").await;
    let operator = stage.operator().await;
    eventually("it is told", async || {
        let state = operator.list(&stage.app).await.unwrap().remove(0);
        state.failure.is_some_and(|failure| failure.starts_with("events do not arrive: "))
    })
    .await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.app.triggers.insert("changes".to_owned(), things(|_| {}));
    host.deploy(&stage.app, &stage.directory()).await;
    assert_eq!(stage.delivered(1).await.iter().map(n).collect::<Vec<_>>(), [1], "what happened meanwhile is not lost");
    stage.stop([host]).await;
}
