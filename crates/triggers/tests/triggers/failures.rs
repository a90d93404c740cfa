//! Functions that fail.

use bson::{Document, doc};
use usher_triggers::Which;

use crate::support::{Stage, eventually, n, things};

async fn switch(stage: &Stage, state: Document) {
    stage.data("switch").replace_one(doc! {}, state).upsert(true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_attempted_again_while_its_key_waits_and_others_do_not() {
    let stage = Stage::new(vec![things(|_| {})]).await;
    switch(&stage, doc! {"broken": 1}).await;
    let host = stage.host("one").await;
    let things = stage.data("things");
    things.insert_one(doc! {"_id": 1, "n": 1}).await.unwrap();
    things.replace_one(doc! {"_id": 1}, doc! {"n": 2}).await.unwrap();
    things.insert_one(doc! {"_id": 2, "n": 3}).await.unwrap();
    eventually("the other key", async || stage.seen().await.iter().any(|event| n(event) == 3)).await;
    eventually("a second attempt", async || stage.seen().await.iter().filter(|event| n(event) == 1).count() >= 2).await;
    assert!(stage.seen().await.iter().all(|event| n(event) != 2), "2 waits for 1");
    switch(&stage, doc! {}).await;
    let seen = stage.delivered(5).await;
    let order: Vec<i32> = seen.iter().filter(|event| n(event) != 3).map(n).collect();
    assert_eq!(order, [1, 1, 1, 2], "attempts are three, the last succeeds");
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
        state.failure.as_ref().is_some_and(|failure| failure.contains("switched off")) && state.succeeded.is_some()
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
