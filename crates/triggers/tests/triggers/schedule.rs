//! Times.

use bson::{DateTime, doc};
use usher_app::{Occasion, ScheduledTrigger};

use crate::support::{Stage, eventually, trigger};

/// The minute of the hour half an hour from now, which has passed half an hour ago: a test that names it meets no time.
fn far_minute() -> i64 {
    (DateTime::now().timestamp_millis() / 60_000 + 30) % 60
}

fn every(schedule: &str, skip: bool) -> Occasion {
    Occasion::Scheduled(ScheduledTrigger { schedule: schedule.to_owned(), skip_catchup_events: skip })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_runs_at_its_times_without_arguments() {
    // Six fields: tests have no minutes to spare.
    let stage = Stage::new(vec![trigger("seconds", every("* * * * * *", false))]).await;
    let hosts = [stage.host("one").await, stage.host("two").await];
    eventually("three runs", async || stage.data("seen").count_documents(doc! {}).await.unwrap() >= 3).await;
    let call = stage.data("seen").find_one(doc! {}).await.unwrap().unwrap();
    assert!(call.get_array("given").unwrap().is_empty(), "{call}");
    stage.stop(hosts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_times_that_were_missed_the_last_is_made_up_for() {
    let (triggers, minute) = ([("hourly", false), ("skipping", true)], far_minute());
    let schedule = format!("{minute} * * * *");
    let stage = Stage::new(triggers.map(|(name, skip)| trigger(name, every(&schedule, skip))).to_vec()).await;
    let host = stage.host("one").await;
    host.triggers.stop().await;
    assert_eq!(stage.data("seen").count_documents(doc! {}).await.unwrap(), 0, "nothing was due");

    let yesterday = DateTime::from_millis(DateTime::now().timestamp_millis() - 86_400_000);
    stage.system("trigger_positions").update_many(doc! {}, doc! {"$set": {"time": yesterday}}).await.unwrap();
    let host = stage.host("two").await;
    eventually("the missed run", async || stage.data("seen").count_documents(doc! {}).await.unwrap() > 0).await;
    let position = stage.system("trigger_positions").find_one(doc! {"_id": "app/hourly"}).await.unwrap().unwrap();
    assert_eq!(position.get_i64("next").unwrap(), 1, "one run for a day of them");
    assert_eq!(position.get_datetime("time").unwrap().timestamp_millis() % 3_600_000, minute * 60_000);
    let skipping = stage.system("trigger_positions").find_one(doc! {"_id": "app/skipping"}).await.unwrap().unwrap();
    assert_eq!(skipping.get_i64("next").unwrap(), 0);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_schedule_begins_now() {
    let mut stage = Stage::new(vec![trigger("seldom", every("0 0 29 2 *", false))]).await;
    let host = stage.host("one").await;
    // The last time of the one was years ago; that of the other is half an hour ago.
    let schedule = format!("{} * * * *", far_minute());
    stage.app.triggers.insert("seldom".to_owned(), trigger("seldom", every(&schedule, false)));
    let position = async || stage.system("trigger_positions").find_one(doc! {}).await.unwrap().unwrap();
    let year_ago = DateTime::from_millis(DateTime::now().timestamp_millis() - 365 * 86_400_000);
    stage.system("trigger_positions").update_one(doc! {}, doc! {"$set": {"time": year_ago}}).await.unwrap();
    let before = DateTime::now();
    host.deploy(&stage.app, &stage.directory()).await;
    let found = position().await;
    assert_eq!(found.get_str("subject").unwrap(), format!("clock {schedule}"));
    assert!(found.get_datetime("time").unwrap() >= &before, "{found}");
    // The same one again is no other.
    host.deploy(&stage.app, &stage.directory()).await;
    let again = position().await;
    assert_eq!(again.get_datetime("time").unwrap(), found.get_datetime("time").unwrap());
    stage.stop([host]).await;
}
