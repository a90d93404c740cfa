//! Several hosts on one database.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Binary, DateTime, Document, doc};
use futures::TryStreamExt as _;
use usher_triggers::{TriggerOptions, Which};

use crate::support::{SHORT_LEASE, Stage, eventually, n, options, things};

fn short(host: &str) -> TriggerOptions {
    TriggerOptions { lease: SHORT_LEASE, ..options(host) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_dies_is_followed_by_another_and_nothing_is_lost() {
    const DOCUMENTS: i32 = 20;
    const ROUNDS: i32 = 10;
    let stage = Stage::new(vec![things(|_| {})]).await;
    stage.data("switch").insert_one(doc! {"slow": 5}).await.unwrap();
    // A process of its own, as good as: when its runtime goes, everything of it goes at once.
    let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stage = std::sync::Arc::new(stage);
    let begun = {
        let stage = stage.clone();
        doomed.spawn(async move { stage.host_with(short("doomed")).await })
    };
    let dead = begun.await.unwrap();
    let operator = stage.operator().await;
    let host = async || operator.list(&stage.app).await.unwrap()[0].host.clone();
    eventually("the first holds it", async || host().await.as_deref() == Some("doomed")).await;
    let survivor = stage.host_with(short("survivor")).await;
    let write = async |rounds: Range<i32>| {
        for round in rounds {
            for document in 0..DOCUMENTS {
                let things = stage.data("things");
                things.replace_one(doc! {"_id": document}, doc! {"n": round}).upsert(true).await.unwrap();
            }
        }
    };
    write(0..ROUNDS / 2).await;
    eventually("it is under way", async || stage.data("seen").count_documents(doc! {}).await.unwrap() > 30).await;
    assert_eq!(host().await.as_deref(), Some("doomed"), "the second does not interfere");
    tokio::task::spawn_blocking(move || doomed.shutdown_timeout(std::time::Duration::ZERO)).await.unwrap();
    // Its connections close, as those of a dead process do.
    drop(dead);
    // Something is left to do, however quick it was.
    write(ROUNDS / 2..ROUNDS).await;

    let expected = usize::try_from(DOCUMENTS * ROUNDS).unwrap();
    // Some came twice.
    let event = |event: &Document| (event.get_document("documentKey").unwrap().get_i32("_id").unwrap(), n(event));
    eventually("all arrive", async || stage.seen().await.iter().map(event).collect::<BTreeSet<_>>().len() == expected)
        .await;
    stage.delivered(expected).await;
    assert_eq!(host().await.as_deref(), Some("survivor"));
    let calls: Vec<Document> =
        stage.data("seen").find(doc! {}).sort(doc! {"begin": 1, "_id": 1}).await.unwrap().try_collect().await.unwrap();
    /// When a call began, and when it ended, if it did.
    type Run = (f64, Option<f64>);
    let mut by_event: BTreeMap<(i32, i32), Vec<Run>> = BTreeMap::new();
    let mut order: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for call in &calls {
        let (key, n) = event(call.get_array("given").unwrap()[0].as_document().unwrap());
        let time = |name: &str| call.get(name).and_then(|time| time.as_f64().or(time.as_i64().map(|time| time as f64)));
        by_event.entry((key, n)).or_default().push((time("begin").unwrap(), time("end")));
        let order = order.entry(key).or_default();
        if order.last() != Some(&n) {
            order.push(n);
        }
    }
    assert_eq!(by_event.len(), expected, "none is lost");
    assert!(order.values().all(|order| order.is_sorted()), "{order:?}");
    for (event, runs) in &by_event {
        for pair in runs.windows(2) {
            assert!(pair[0].1.is_none_or(|end| end <= pair[1].0), "{event:?} ran twice at a time: {runs:?}");
        }
    }
    let stage = std::sync::Arc::into_inner(stage).unwrap();
    stage.stop([survivor]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_stops_hands_over_at_once() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    // The lease would last for ever.
    let long = |host| TriggerOptions { lease: Duration::from_secs(3600), ..options(host) };
    let one = stage.host_with(long("one")).await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(1).await;
    one.triggers.stop().await;
    let two = stage.host_with(long("two")).await;
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    let seen = stage.delivered(2).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 2], "what was done is not done again");
    stage.stop([two]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_whose_lease_was_taken_while_it_slept_writes_nothing() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    let one = stage.host_with(short("one")).await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(1).await;
    // As another host does that takes the lease; it never finishes anything.
    let taken = doc! {"$set": {"host": "other"}, "$inc": {"epoch": 1_i64, "beat": 1_i64}};
    stage.system("leases").update_one(doc! {"_id": "app/changes"}, taken).await.unwrap();
    stage
        .system("trigger_positions")
        .update_one(doc! {"_id": "app/changes"}, doc! {"$inc": {"epoch": 1_i64}})
        .await
        .unwrap();
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    eventually("it has let go", async || {
        // It takes the lease back once that has stood still for its lifetime: the other never renews it.
        let lease = stage.system("leases").find_one(doc! {"_id": "app/changes"}).await.unwrap().unwrap();
        lease.get_str("host").is_ok_and(|host| host == "one")
    })
    .await;
    let lease = stage.system("leases").find_one(doc! {"_id": "app/changes"}).await.unwrap().unwrap();
    assert_eq!(lease.get_i64("epoch").unwrap(), 3);
    let seen = stage.delivered(2).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1, 2], "each once: under the old epoch nothing was written");
    stage.stop([one]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_host_was_writing_down_is_delivered_once() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    let one = stage.host("one").await;
    stage.data("things").insert_one(doc! {"n": 1}).await.unwrap();
    stage.delivered(1).await;
    one.triggers.stop().await;

    // It died with two deliveries on their way, one of them there already.
    let delivery = |n: i64| {
        let event = doc! {"documentKey": {"_id": n}, "fullDocument": {"n": i32::try_from(n).unwrap() + 1}};
        let event = Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: event.to_vec().unwrap() };
        doc! {
            "_id": ObjectId::new(), "app": "app", "trigger": "app/changes", "n": n, "epoch": 1_i64, "key": n.to_string(),
            "state": "waiting", "event": event, "created": DateTime::now(), "attempts": 0, "failures": 0,
        }
    };
    let batch = vec![delivery(1), delivery(2)];
    let (positions, deliveries) = (stage.system("trigger_positions"), stage.system("deliveries"));
    deliveries.insert_one(&batch[0]).await.unwrap();
    let dying = doc! {"$set": {"batch": &batch, "next": 3_i64}};
    positions.update_one(doc! {"_id": "app/changes"}, dying).await.unwrap();
    let two = stage.host("two").await;
    let seen = stage.delivered(3).await;
    let mut numbers: Vec<i32> = seen.iter().map(n).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    let position = positions.find_one(doc! {"_id": "app/changes"}).await.unwrap().unwrap();
    assert!(!position.contains_key("batch") && position.get_i64("epoch").unwrap() == 2, "{position}");

    // And if it was only frozen, what it writes under its old epoch is not delivered again.
    deliveries.insert_one(&batch[1]).await.unwrap();
    eventually("it is thrown away", async || deliveries.count_documents(doc! {}).await.unwrap() == 0).await;
    assert_eq!(stage.seen().await.len(), 3);
    stage.data("things").insert_one(doc! {"n": 4}).await.unwrap();
    assert_eq!(n(stage.delivered(4).await.last().unwrap()), 4);

    // Nor is it by the next host, when it is written while nobody is there.
    two.triggers.stop().await;
    let before = stage.seen().await.len();
    deliveries.insert_one(&batch[0]).await.unwrap();
    let three = stage.host("three").await;
    stage.data("things").insert_one(doc! {"n": 5}).await.unwrap();
    let seen = stage.delivered(before + 1).await;
    assert!(seen[before..].iter().all(|event| n(event) == 5), "{seen:?}");
    assert_eq!(deliveries.count_documents(doc! {}).await.unwrap(), 0);
    stage.stop([three]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_ends_every_host_is_set_aside() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    let one = stage.host("one").await;
    one.triggers.stop().await;
    // As hosts leave it that died while they called the function.
    let event = doc! {"documentKey": {"_id": 1}, "fullDocument": {"n": 1}};
    let event = Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: event.to_vec().unwrap() };
    let poison = doc! {
        "_id": ObjectId::new(), "app": "app", "trigger": "app/changes", "n": 0_i64, "epoch": 1_i64, "key": "1",
        "state": "waiting", "event": event, "created": DateTime::now(), "attempts": 10, "unfinished": 10, "failures": 0,
    };
    stage.system("deliveries").insert_one(poison).await.unwrap();
    let next = doc! {"$set": {"next": 1_i64}};
    stage.system("trigger_positions").update_one(doc! {"_id": "app/changes"}, next).await.unwrap();
    stage.data("things").insert_one(doc! {"n": 2}).await.unwrap();
    let two = stage.host("two").await;
    let operator = stage.operator().await;
    eventually("it is set aside", async || operator.dead(&stage.app, None).await.unwrap().len() == 1).await;
    let dead = operator.dead(&stage.app, None).await.unwrap().remove(0);
    assert!(dead.error.contains("10 hosts"), "{dead:?}");
    assert!(stage.delivered(1).await.iter().all(|event| n(event) == 2), "it was not called for the other");
    assert_eq!(operator.replay(&stage.app, &Which::All { trigger: None }).await.unwrap(), 1);
    eventually("it may be tried again", async || stage.seen().await.iter().any(|event| n(event) == 1)).await;
    stage.stop([two]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_set_aside_under_another_host_is_replayed_and_kept_from_a_frozen_one() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    stage.data("switch").insert_one(doc! {"broken": true}).await.unwrap();
    let one = stage.host("one").await;
    stage.data("things").insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    let operator = stage.operator().await;
    eventually("it is set aside", async || operator.dead(&stage.app, None).await.unwrap().len() == 1).await;
    one.triggers.stop().await;
    let two = stage.host("two").await;
    eventually("the other holds it", async || {
        let position = stage.system("trigger_positions").find_one(doc! {}).await.unwrap().unwrap();
        position.get_i64("epoch").unwrap() == 2
    })
    .await;
    assert_eq!(operator.replay(&stage.app, &Which::All { trigger: None }).await.unwrap(), 1);
    eventually("it fails again", async || {
        stage.seen().await.len() == 6 && operator.dead(&stage.app, None).await.unwrap().len() == 1
    })
    .await;

    // A host that slept through all of it has read what was put back, takes it for its own, and dies.
    stage.data("switch").delete_many(doc! {}).await.unwrap();
    let stolen = doc! {"$set": {"state": "waiting", "failures": 0, "replayed": true, "epoch": 1_i64}};
    stage.system("deliveries").update_one(doc! {}, stolen).await.unwrap();
    let seen = stage.delivered(7).await;
    assert_eq!(seen.iter().map(n).collect::<Vec<_>>(), [1; 7]);
    stage.stop([two]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_app_that_is_gone_nothing_is_left_to_deliver() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    stage.data("switch").insert_one(doc! {"broken": 1}).await.unwrap();
    let host = stage.host("one").await;
    stage.data("things").insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    stage.data("things").insert_one(doc! {"_id": 2, "n": 2}).await.unwrap();
    let count = async |state: &str| stage.system("deliveries").count_documents(doc! {"state": state}).await.unwrap();
    let dead = async || count("dead").await;
    eventually("one is set aside", async || (dead().await, count("waiting").await) == (1, 0)).await;
    host.triggers.forget("other").await.unwrap();
    assert_eq!(dead().await, 1);
    let mut gone = stage.app.clone();
    gone.triggers.clear();
    host.deploy(&gone, &stage.directory()).await;
    host.triggers.forget("app").await.unwrap();
    assert_eq!(stage.system("deliveries").count_documents(doc! {}).await.unwrap(), 0);
    assert_eq!(stage.system("trigger_positions").count_documents(doc! {}).await.unwrap(), 0);

    // Another app of its name begins with the present.
    stage.data("things").insert_one(doc! {"_id": 3, "n": 3}).await.unwrap();
    host.deploy(&stage.app, &stage.directory()).await;
    let before = stage.seen().await.len();
    stage.data("things").insert_one(doc! {"_id": 4, "n": 4}).await.unwrap();
    let seen = stage.delivered(before + 1).await;
    assert_eq!(seen[before..].iter().map(n).collect::<Vec<_>>(), [4]);
    stage.stop([host]).await;
}
