//! Change streams, with the real database.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use bson::{Document, doc};
use mongodb::Collection;
use rustix::process::{Pid, Signal, kill_process};
use usher_database::{
    Change, Changes, ChangesError, ConnectOptions, Database, Embedded, Following, Place, Since, Step, Watched,
};

struct Stage {
    database: Database,
    things: Collection<Document>,
    embedded: Embedded,
    _directory: tempfile::TempDir,
}

async fn started() -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let embedded = Embedded::start(directory.path(), None).await.unwrap();
    let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
    database.ensure_collection("app", "things").await.unwrap();
    let things = database.client().database("app").collection("things");
    Stage { database, things, embedded, _directory: directory }
}

fn watched() -> Watched {
    Watched::Collection { database: "app".to_owned(), collection: "things".to_owned() }
}

/// The next change; quiet is passed over.
async fn change(changes: &mut Changes) -> Change {
    let wait = async {
        loop {
            if let Step::Change(change) = changes.next().await.unwrap() {
                return *change;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(180), wait).await.expect("a change comes")
}

fn n(change: &Change) -> i32 {
    change.event.get_document("fullDocument").unwrap().get_i32("n").unwrap()
}

#[tokio::test]
async fn a_place_is_gone_on_from_whatever_the_filter() {
    let stage = started().await;
    let place = stage.database.present(&watched()).await.unwrap();
    stage.things.insert_many([doc! {"_id": 1, "n": 1}, doc! {"_id": 2, "n": 2}]).await.unwrap();
    stage.things.update_one(doc! {"_id": 1}, doc! {"$set": {"n": 3}}).await.unwrap();
    stage.things.insert_one(doc! {"_id": 4, "n": 4}).await.unwrap();

    let mut all = stage.database.changes(Following::new(watched(), Since::After(place.clone())));
    let first = change(&mut all).await;
    assert_eq!((first.kind.as_str(), first.key.clone(), n(&first)), ("insert", Some(doc! {"_id": 1}), 1));
    let _ = change(&mut all).await;
    let update = change(&mut all).await;
    assert_eq!(update.kind, "update");
    assert!(matches!(change(&mut all).await, last if n(&last) == 4));
    // The place of an event that the filter does not let through.
    for since in [place, first.place, update.place] {
        let mut following = Following::new(watched(), Since::After(since));
        following.filter = Some(doc! {"fullDocument.n": {"$gte": 4}});
        assert_eq!(n(&change(&mut stage.database.changes(following)).await), 4);
    }
    stage.embedded.stop().await;
}

#[tokio::test]
async fn a_projection_takes_nothing_that_is_needed() {
    let stage = started().await;
    let place = stage.database.present(&watched()).await.unwrap();
    stage.things.insert_one(doc! {"_id": 1, "n": 1, "m": 2}).await.unwrap();
    let cases = [
        (doc! {"fullDocument.n": 1}, vec!["_id", "fullDocument"]),
        (doc! {"fullDocument.n": 1, "_id": 0}, vec!["fullDocument"]),
        (doc! {"_id": 1}, vec!["_id"]),
        (
            doc! {"ns": 0, "documentKey": 0, "operationType": 0, "clusterTime": 0, "wallTime": 0},
            vec!["_id", "fullDocument"],
        ),
        (
            doc! {"ns": 0, "documentKey": 0, "operationType": 0, "clusterTime": 0, "wallTime": 0, "_id": 0},
            vec!["fullDocument"],
        ),
    ];
    for (project, fields) in cases {
        let mut following = Following::new(watched(), Since::After(place.clone()));
        following.project = Some(project.clone());
        let change = change(&mut stage.database.changes(following)).await;
        assert_eq!(change.event.keys().collect::<Vec<_>>(), fields, "{project}");
        assert_eq!((change.kind.as_str(), change.key), ("insert", Some(doc! {"_id": 1})));
    }
    stage.embedded.stop().await;
}

#[tokio::test]
async fn a_collection_is_followed_beyond_its_end_and_a_lost_place_is_told() {
    let stage = started().await;
    let mut following = Following::new(watched(), Since::After(stage.database.present(&watched()).await.unwrap()));
    following.filter = Some(doc! {"operationType": "insert"});
    let mut changes = stage.database.changes(following.clone());
    stage.things.insert_one(doc! {"n": 1}).await.unwrap();
    assert_eq!(n(&change(&mut changes).await), 1);
    stage.things.drop().await.unwrap();
    stage.things.insert_one(doc! {"n": 2}).await.unwrap();
    assert_eq!(n(&change(&mut changes).await), 2);

    let nowhere: Place = bson::deserialize_from_document(doc! {"_data": "82650000000000000001"}).unwrap();
    following.since = Since::After(nowhere);
    let mut lost = stage.database.changes(following.clone());
    assert!(matches!(lost.next().await, Err(ChangesError::Lost(_))));
    following.since = Since::Now;
    following.filter = Some(doc! {"$no_such_operator": 1});
    let mut refused = stage.database.changes(following);
    assert!(matches!(refused.next().await, Err(ChangesError::Refused(_))));
    stage.embedded.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_dies_and_comes_back_costs_no_change() {
    let stage = started().await;
    let place = stage.database.present(&watched()).await.unwrap();
    let mut following = Following::new(watched(), Since::After(place));
    following.filter = Some(doc! {"operationType": "insert"});
    let mut changes = stage.database.changes(following);
    for n in 0..3 {
        stage.things.insert_one(doc! {"n": n}).await.unwrap();
    }
    assert_eq!(n(&change(&mut changes).await), 0);
    let waiting = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.last() != Some(&5) {
            seen.push(n(&change(&mut changes).await));
        }
        seen
    });
    let pid = stage.embedded.pid().unwrap();
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    for n in 3..6 {
        // Not knowing whether a write arrived, it is made again; it names itself.
        let this = doc! {"$setOnInsert": {"n": n}};
        while stage.things.update_one(doc! {"_id": n}, this.clone()).upsert(true).await.is_err() {}
    }
    assert_eq!(waiting.await.unwrap(), [1, 2, 3, 4, 5]);
    stage.embedded.stop().await;
}
