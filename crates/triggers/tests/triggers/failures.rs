//! Functions that fail.

use bson::{Document, doc};
use usher_triggers::{TriggerOptions, Which};

use crate::support::{Stage, eventually, n, options, things};

async fn switch(stage: &Stage, state: Document) {
    stage.data("switch").replace_one(doc! {}, state).upsert(true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_attempted_again_while_its_key_waits_and_others_do_not() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    switch(&stage, doc! {"broken": 1}).await;
    let host = stage.host_with(TriggerOptions { attempts: 10, ..options("one") }).await;
    let things = stage.data("things");
    things.insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    things.replace_one(doc! {"_id": 1}, doc! {"n": 2}).await.unwrap();
    things.insert_one(doc! {"_id": 2, "n": 3}).await.unwrap();
    eventually("the other key", async || stage.seen().await.iter().any(|event| n(event) == 3)).await;
    let failed_twice = doc! {"failures": {"$gte": 2}};
    let deliveries = stage.system("deliveries");
    eventually("a second attempt has failed", async || {
        deliveries.count_documents(failed_twice.clone()).await.unwrap() == 1
    })
    .await;
    assert!(stage.seen().await.iter().all(|event| n(event) != 2), "2 waits for 1");
    switch(&stage, doc! {}).await;
    let seen = stage.delivered(5).await;
    let order: Vec<i32> = seen.iter().filter(|event| n(event) != 3).map(n).collect();
    // How many more fail before they can succeed is up to the machine.
    let attempts = order.iter().take_while(|n| **n == 1).count();
    assert!(attempts >= 3 && order[attempts..] == [2], "attempts go on, the last succeeds: {order:?}");
    assert_eq!(stage.operator().await.dead(&stage.app, None).await.unwrap(), []);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_failing_is_set_aside_and_can_be_replayed_or_discarded() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    switch(&stage, doc! {"broken": 1}).await;
    let host = stage.host("one").await;
    let things = stage.data("things");
    for document in [doc! {"_id": 1, "n": 1}, doc! {"_id": 2, "n": 2}] {
        things.insert_one(document).await.unwrap();
    }
    let operator = stage.operator().await;
    eventually("one is set aside", async || operator.dead(&stage.app, None).await.unwrap().len() == 1).await;
    let dead = operator.dead(&stage.app, Some("changes")).await.unwrap();
    assert_eq!((dead[0].attempts, dead[0].trigger.as_str()), (3, "changes"));
    assert!(dead[0].error.contains("switched off: 1"), "{dead:?}");
    assert_eq!(n(dead[0].event.as_ref().unwrap()), 1);
    eventually("it is told", async || {
        let state = &operator.list(&stage.app).await.unwrap()[0];
        let failed = state.failure.as_ref().is_some_and(|failure| failure.contains("switched off"));
        // A success is noted before its delivery is gone.
        failed && state.succeeded.is_some() && state.waiting == 0
    })
    .await;
    let state = operator.list(&stage.app).await.unwrap().remove(0);
    assert_eq!((state.waiting, state.dead, state.enabled, state.host.as_deref()), (0, 1, true, Some("one")));
    let record = stage.system("deliveries").find_one(doc! {"state": "dead"}).await.unwrap().unwrap();
    assert!(record.get_datetime("expires").unwrap() > record.get_datetime("died").unwrap());

    // The key goes on past it.
    switch(&stage, doc! {}).await;
    things.replace_one(doc! {"_id": 1}, doc! {"n": 10}).await.unwrap();
    eventually("the key goes on", async || stage.seen().await.iter().any(|event| n(event) == 10)).await;

    assert_eq!(operator.replay(&stage.app, &Which::Ids(vec![dead[0].id.clone()])).await.unwrap(), 1);
    let seen = stage.delivered(6).await;
    assert_eq!(seen.iter().map(n).filter(|&n| n == 1).count(), 4, "three failures and the replay");
    assert_eq!(operator.dead(&stage.app, None).await.unwrap(), []);

    switch(&stage, doc! {"broken": true}).await;
    things.insert_one(doc! {"_id": 5, "n": 5}).await.unwrap();
    eventually("another", async || operator.dead(&stage.app, None).await.unwrap().len() == 1).await;
    assert!(operator.discard(&stage.app, &Which::Ids(vec!["$x".to_owned()])).await.is_err(), "no id");
    let other = Which::All { trigger: Some("other".to_owned()) };
    assert_eq!(operator.discard(&stage.app, &other).await.unwrap(), 0);
    assert_eq!(operator.discard(&stage.app, &Which::All { trigger: None }).await.unwrap(), 1);
    assert_eq!(stage.system("deliveries").count_documents(doc! {}).await.unwrap(), 0);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_any_length_is_written_down() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    switch(&stage, doc! {"broken": 1, "length": 100_000}).await;
    let host = stage.host("one").await;
    stage.data("things").insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    let operator = stage.operator().await;
    eventually("it is set aside", async || operator.dead(&stage.app, None).await.unwrap().len() == 1).await;
    let dead = operator.dead(&stage.app, None).await.unwrap().remove(0);
    assert!(dead.error.contains("switched off: 1 xxx") && dead.error.len() < 10_000, "{:.99}", dead.error);
    stage.data("things").replace_one(doc! {"_id": 1}, doc! {"n": 2}).await.unwrap();
    eventually("its key goes on", async || stage.seen().await.iter().any(|event| n(event) == 2)).await;
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_too_large_is_set_aside_and_the_next_arrives() {
    let stage = Stage::new(vec![things(|trigger| {
        trigger.full_document = true;
        trigger.full_document_before_change = true;
    })])
    .await;
    let host = stage.host("one").await;
    let things = stage.data("things");
    things.insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    stage.delivered(1).await;
    // Before and after together are larger than a document may be.
    let text = "x".repeat(9 << 20);
    things.insert_one(doc! {"_id": 2, "n": 2}).await.unwrap();
    things.replace_one(doc! {"_id": 1}, doc! {"n": 3, "text": &text}).await.unwrap();
    things.replace_one(doc! {"_id": 1}, doc! {"n": 4, "text": &text}).await.unwrap();
    things.insert_one(doc! {"_id": 3, "n": 5}).await.unwrap();
    things.replace_one(doc! {"_id": 1}, doc! {"n": 6}).await.unwrap();
    let operator = stage.operator().await;
    eventually("it is set aside", async || !operator.dead(&stage.app, None).await.unwrap().is_empty()).await;
    let dead = operator.dead(&stage.app, None).await.unwrap();
    assert_eq!((dead.len(), dead[0].attempts), (1, 0), "{dead:?}");
    assert!(dead[0].error.contains("is larger than") && dead[0].error.contains("\"project\""), "{}", dead[0].error);
    let event = dead[0].event.as_ref().unwrap();
    assert_eq!(event.get_document("documentKey").unwrap(), &doc! {"_id": 1});
    assert_eq!(event.get_str("operationType").unwrap(), "replace");
    assert!(!event.contains_key("fullDocument") && !event.contains_key("fullDocumentBeforeChange"));
    assert_eq!(operator.replay(&stage.app, &Which::All { trigger: None }).await.unwrap(), 0, "it is not whole");
    let last = async || stage.seen().await.iter().any(|event| n(event) == 6);
    eventually("the last arrives", last).await;
    let mut seen: Vec<i32> = stage.seen().await.iter().map(n).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [1, 2, 3, 5, 6]);
    stage.stop([host]).await;
}

/// Anybody who may insert a document chooses its names and its depth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_document_keeps_others_from_being_delivered() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    let host = stage.host("one").await;
    let things = stage.data("things");
    // As deep as MongoDB lets a document be.
    let deep =
        (0..95).fold(
            bson::Bson::Int32(1),
            |inner, level| {
                if level % 2 == 0 { doc! {"a": inner}.into() } else { vec![inner].into() }
            },
        );
    things.insert_one(doc! {"_id": 1, "n": 1, "deep": deep}).await.unwrap();
    things.insert_one(doc! {"_id": 2, "n": 2, "in": {"$set": {"a.b": 1}, "$ref": 1}}).await.unwrap();
    things.insert_one(doc! {"_id": 3, "n": 3}).await.unwrap();
    eventually("the last arrives", async || stage.seen().await.iter().any(|event| n(event) == 3)).await;
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_trigger_that_is_gone_can_be_discarded() {
    let mut stage = Stage::new(vec![things(|_| {})]).await;
    switch(&stage, doc! {"broken": true}).await;
    let host = stage.host("one").await;
    stage.data("things").insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    eventually("an attempt", async || !stage.seen().await.is_empty()).await;
    stage.app.triggers.clear();
    host.deploy(&stage.app, &stage.directory()).await;
    host.triggers.stop().await;
    let operator = stage.operator().await;
    let state = operator.list(&stage.app).await.unwrap().remove(0);
    assert_eq!((state.name.as_str(), state.enabled, state.waiting + state.dead), ("changes", false, 1));
    let which = Which::All { trigger: Some("changes".to_owned()) };
    assert_eq!(operator.discard(&stage.app, &which).await.unwrap(), 1);
    assert_eq!(operator.list(&stage.app).await.unwrap(), []);
    stage.stop([]).await;
}
