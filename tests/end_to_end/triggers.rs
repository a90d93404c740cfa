//! Triggers: every kind fires, failures are set aside and replayed, and of two hosts one may die.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use bson::{Bson, DateTime, Document, doc};
use futures::TryStreamExt as _;
use mongodb::{Collection, Database};
use serde_json::{Value, json};
use usher_contract::limits::TRIGGER_CALLS_EACH;
use usher_database::Embedded;

use crate::javascript_app::app;
use crate::support::{AppDirectory, Usher};

/// How long to wait for something that should happen, on a slow machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(600);

/// Writes down what it is given, where and when.
const SEE: &str = "exports = async function (...given) {
  const seen = context.services.get('mongodb-atlas').db('e2e').collection('seen');
  const begin = new Date();
  const { insertedId } = await seen.insertOne({ given, begin, host: context.values.get('host'), user: context.user.type });
  await seen.updateOne({ _id: insertedId }, { $set: { end: new Date() } });
  const broken = await context.services.get('mongodb-atlas').db('e2e').collection('broken').findOne({});
  if (broken) throw new Error('broken today');
};";

fn directory(host: &str) -> AppDirectory {
    let app = app("triggered", &[("see", SEE, json!({ "private": true }))]);
    app.write("values/host.json", &json!({ "name": "host", "value": host, "from_secret": false }));
    let grant = json!({ "data_source": "mongodb-atlas", "database": "e2e", "collection": "*" });
    app.write("usher.json", &json!({ "grants": [grant] }));
    app
}

/// A trigger on the collection `things`, in the form of newer exports.
fn on_things(app: &AppDirectory, config: Value) {
    let mut whole = json!({
        "service_name": "mongodb-atlas", "database": "e2e", "collection": "things",
        "operation_types": ["INSERT", "UPDATE", "REPLACE", "DELETE"],
    });
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let processors = json!({ "FUNCTION": { "config": { "function_name": "see" } } });
    app.write(
        "triggers/things.json",
        &json!({ "name": "things", "type": "DATABASE", "disabled": false, "config": whole, "event_processors": processors }),
    );
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// In the order in which they were made: two of one document may begin in the same millisecond.
async fn calls(database: &Database) -> Vec<Document> {
    let seen = database.collection::<Document>("seen");
    seen.find(doc! {}).sort(doc! {"begin": 1, "end": 1}).await.unwrap().try_collect().await.unwrap()
}

/// The argument of a call.
fn event(call: &Document) -> &Document {
    call.get_array("given").unwrap()[0].as_document().unwrap()
}

/// What a command answers with `--json`.
fn answer(usher: &Usher, app: &AppDirectory, arguments: &[&str]) -> Value {
    let output = usher.command(app.path(), &[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_documents_trigger_functions() {
    let app = directory("one");
    on_things(&app, json!({ "full_document": true, "full_document_before_change": true }));
    for (name, operation) in [("created", "CREATE"), ("seen_again", "LOGIN")] {
        // The older form.
        app.write(
            &format!("triggers/{name}.json"),
            &json!({ "name": name, "type": "AUTHENTICATION", "function_name": "see",
                     "config": { "operation_type": operation, "providers": ["local-userpass"] } }),
        );
    }
    let usher = Usher::serve(&[app.path()]);
    let database = usher.database("e2e").await;
    let client = usher.client("triggered");
    client.register("ada@example.com").await;
    let login = client.log_in("ada@example.com").await;
    client.token().await;
    eventually("CREATE and LOGIN", async || calls(&database).await.len() == 2).await;
    let seen = calls(&database).await;
    let kinds: BTreeSet<&str> = seen.iter().map(|call| event(call).get_str("operationType").unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["CREATE", "LOGIN"]), "of ada, and of no anonymous user");
    for call in &seen {
        let event = event(call);
        assert_eq!(event.keys().collect::<Vec<_>>(), ["operationType", "providers", "user", "time"], "{event}");
        assert_eq!(event.get_array("providers").unwrap(), &vec![Bson::from("local-userpass")]);
        event.get_datetime("time").unwrap();
        let user = event.get_document("user").unwrap();
        assert_eq!(user.get_str("id").unwrap(), login.text("user_id"));
        assert_eq!(user.get_document("data").unwrap(), &doc! {"email": "ada@example.com"});
        assert_eq!(user.get_array("identities").unwrap().len(), 1);
        assert_eq!(call.get_str("user").unwrap(), "system");
    }

    let things = database.collection::<Document>("things");
    let before = DateTime::now();
    things.insert_one(doc! {"_id": 1, "long": 8_i64, "date": before}).await.unwrap();
    things.update_one(doc! {"_id": 1}, doc! {"$set": {"long": 9_i64}}).await.unwrap();
    eventually("insert and update", async || calls(&database).await.len() == 4).await;
    let seen = calls(&database).await;
    let (insert, update) = (event(&seen[2]), event(&seen[3]));
    assert_eq!(insert.get_str("operationType").unwrap(), "insert");
    assert_eq!(insert.get_document("fullDocument").unwrap(), &doc! {"_id": 1, "long": 8_i64, "date": before});
    assert_eq!(insert.get_document("ns").unwrap(), &doc! {"db": "e2e", "coll": "things"});
    assert_eq!(
        update.get_document("updateDescription").unwrap().get_document("updatedFields").unwrap(),
        &doc! {"long": 9_i64}
    );
    assert_eq!(update.get_document("fullDocument").unwrap().get_i64("long").unwrap(), 9);
    assert_eq!(update.get_document("documentKey").unwrap(), &doc! {"_id": 1});

    let listed = answer(&usher, &app, &["triggers", "list"]);
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["enabled"].as_bool().unwrap()))
        .collect();
    assert_eq!(listed, [("created", true), ("seen_again", true), ("things", true)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_keeps_failing_is_set_aside_and_replayed() {
    let app = directory("one");
    on_things(&app, json!({}));
    let usher = Usher::serve_with(&[app.path()], &["--trigger-attempts", "2"]);
    let database = usher.database("e2e").await;
    database.collection("broken").insert_one(doc! {}).await.unwrap();
    database.collection("things").insert_one(doc! {"_id": 7}).await.unwrap();
    let log = usher.wait_for_log("set aside");
    assert!(log.contains("broken today"), "{log}");
    let mut dead = Value::Null;
    eventually("it is listed", async || {
        dead = answer(&usher, &app, &["triggers", "dead"]);
        dead.as_array().unwrap().len() == 1
    })
    .await;
    let dead = &dead[0];
    assert_eq!(dead["attempts"], 2);
    assert!(dead["error"].as_str().unwrap().contains("broken today"), "{dead}");
    assert_eq!(dead["event"]["documentKey"], json!({ "_id": { "$numberInt": "7" } }));

    database.collection::<Document>("broken").drop().await.unwrap();
    let id = dead["id"].as_str().unwrap();
    assert_eq!(answer(&usher, &app, &["triggers", "replay", id]), json!({ "replayed": 1 }));
    eventually("the replay", async || calls(&database).await.len() == 3).await;
    eventually("nothing is left", async || answer(&usher, &app, &["triggers", "list"])[0]["waiting"] == 0).await;
    assert_eq!(answer(&usher, &app, &["triggers", "dead"]), json!([]));
    assert_eq!(answer(&usher, &app, &["triggers", "discard", "--all"]), json!({ "discarded": 0 }));
    let refused = usher.command(app.path(), &["triggers", "replay"]);
    assert!(!refused.status.success(), "which ones?");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_passed_while_nobody_was_there_is_made_up_for() {
    let app = directory("one");
    // A time of day that does not come while the test runs.
    let hour = (DateTime::now().timestamp_millis() / 3_600_000 + 12) % 24;
    let schedule = format!("30 {hour} * * MON-SUN");
    app.write(
        "triggers/daily.json",
        &json!({ "name": "daily", "type": "SCHEDULED", "function_name": "see", "config": { "schedule": schedule } }),
    );
    let (_home, embedded, system) = shared().await;
    let mut usher = Usher::serve_with(&[app.path()], &["--mongodb", embedded.uri()]);
    usher.terminate();
    assert!(usher.wait(), "{}", usher.log());
    let week_ago = DateTime::from_millis(DateTime::now().timestamp_millis() - 7 * 86_400_000);
    let positions: Collection<Document> = system.collection("trigger_positions");
    let set = positions.update_one(doc! {"_id": "triggered/daily"}, doc! {"$set": {"time": week_ago}}).await.unwrap();
    assert_eq!(set.matched_count, 1, "a deployment gives a trigger its position");

    usher.restart();
    let database = usher.database("e2e").await;
    eventually("the run", async || calls(&database).await.len() == 1).await;
    let position = positions.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(position.get_i64("next").unwrap(), 1, "one run for seven days");
    let time = position.get_datetime("time").unwrap().try_to_rfc3339_string().unwrap();
    assert!(time.ends_with(&format!("T{hour:02}:30:00Z")), "{time}");
    assert!(calls(&database).await[0].get_array("given").unwrap().is_empty(), "no argument");
    drop(usher);
    embedded.stop().await;
}

/// A database for several hosts, and Usher's own part of it.
async fn shared() -> (tempfile::TempDir, Embedded, Database) {
    let home = tempfile::tempdir().unwrap();
    let embedded = Embedded::start(home.path(), None).await.unwrap();
    let client = mongodb::Client::with_uri_str(embedded.uri()).await.unwrap();
    (home, embedded, client.database("usher"))
}

const HOSTS: [&str; 2] = ["one", "two"];
const DOCUMENTS: usize = 250;
const VERSIONS: usize = 8;
const LANES: usize = 10;

/// Gives every document these versions; each lane has documents of its own, so that the order of each is known.
async fn change(things: Collection<Document>, versions: Range<usize>) {
    let lanes = (0..LANES).map(|lane| {
        let (things, versions) = (things.clone(), versions.clone());
        tokio::spawn(async move {
            for version in versions {
                for document in (lane..DOCUMENTS).step_by(LANES) {
                    let (id, version) = (i64::try_from(document).unwrap(), i64::try_from(version).unwrap());
                    things.replace_one(doc! {"_id": id}, doc! {"version": version}).upsert(true).await.unwrap();
                }
            }
        })
    });
    futures::future::try_join_all(lanes).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_hosts_is_killed_while_2000_events_are_delivered() {
    let begun = Instant::now();
    let (apps, total) = (HOSTS.map(directory), DOCUMENTS * VERSIONS);
    apps.iter().for_each(|app| on_things(app, json!({})));
    let (_home, embedded, system) = shared().await;
    let mut hosts = [0, 1].map(|host: usize| Usher::serve_with(&[apps[host].path()], &["--mongodb", embedded.uri()]));
    let database = hosts[0].database("e2e").await;
    let seen = database.collection::<Document>("seen");
    let delivered = async || usize::try_from(seen.count_documents(doc! {}).await.unwrap()).unwrap();
    // The last quarter is written when the host is dead, so that there is something left for the other.
    let first = tokio::spawn(change(database.collection("things"), 0..VERSIONS * 3 / 4));
    eventually("a third is delivered", async || delivered().await > total / 3).await;
    // As a rule the host that was there first; one that is too busy to renew its lease has lost it.
    let (dies, lives) = if last_host(&seen).await == "one" { (0, 1) } else { (1, 0) };
    hosts[dies].kill();
    let killed = (Instant::now(), DateTime::now());
    first.await.unwrap();
    let rest = tokio::spawn(change(database.collection("things"), VERSIONS * 3 / 4..VERSIONS));
    let by_the_other = doc! {"host": HOSTS[lives], "begin": {"$gt": killed.1}};
    eventually("the other goes on", async || seen.count_documents(by_the_other.clone()).await.unwrap() > 0).await;
    let takeover = killed.0.elapsed();
    rest.await.unwrap();
    let deliveries = system.collection::<Document>("deliveries");
    let positions = system.collection::<Document>("trigger_positions");
    eventually("all is delivered", async || {
        delivered().await >= total
            && deliveries.count_documents(doc! {}).await.unwrap() == 0
            && positions.find_one(doc! {}).await.unwrap().unwrap().get_i64("next").unwrap()
                == i64::try_from(total).unwrap()
    })
    .await;

    let calls = calls(&database).await;
    let mut runs: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
    let mut order: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for call in &calls {
        let event = event(call);
        runs.entry(event.get_document("_id").unwrap().get_str("_data").unwrap()).or_default().push(call);
        let document = event.get_document("documentKey").unwrap().get_i64("_id").unwrap();
        order
            .entry(document)
            .or_default()
            .push(event.get_document("fullDocument").unwrap().get_i64("version").unwrap());
    }
    let again: usize = runs.values().map(|runs| runs.len() - 1).sum();
    let by = |host: usize| calls.iter().filter(|call| call.get_str("host").unwrap() == HOSTS[host]).count();
    let lease = system.collection::<Document>("leases").find_one(doc! {}).await.unwrap().unwrap();
    let takeovers = usize::try_from(lease.get_i64("epoch").unwrap() - 1).unwrap();
    // Shown also where the test passes: see .config/nextest.toml.
    eprintln!(
        "{total} events, {} calls ({} on the host that was killed, {} on the other), {again} events came twice; \
         taken over after {takeover:.1?} ({takeovers} in all), everything took {:.1?}",
        calls.len(),
        by(dies),
        by(lives),
        begun.elapsed()
    );
    assert_eq!(runs.len(), total, "none is lost");
    let expected: Vec<i64> = (0..i64::try_from(VERSIONS).unwrap()).collect();
    for (document, versions) in &order {
        assert!(versions.is_sorted(), "document {document} came out of order: {versions:?}");
        let mut once = versions.clone();
        once.dedup();
        assert_eq!(once, expected, "document {document}");
    }
    runs.values().for_each(|runs| assert_one_at_a_time(runs));
    assert!(again <= takeovers * TRIGGER_CALLS_EACH, "no more than were under way come twice: {again}");
    drop(hosts);
    embedded.stop().await;
}

/// Calls for one event, in order.
fn assert_one_at_a_time(calls: &[&Document]) {
    for pair in calls.windows(2) {
        let begins = pair[1].get_datetime("begin").unwrap();
        assert!(begins > pair[0].get_datetime("begin").unwrap(), "{pair:?}");
        // One that was cut off never ended; had it, then before the other began.
        let ended = pair[0].get_datetime("end");
        assert!(ended.is_err() || ended.is_ok_and(|end| end <= begins), "one event ran twice at a time: {pair:?}");
    }
}

/// The host that was called last.
async fn last_host(seen: &Collection<Document>) -> String {
    let last = seen.find_one(doc! {}).sort(doc! {"begin": -1}).await.unwrap().unwrap();
    last.get_str("host").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_was_frozen_begins_nothing_when_it_wakes() {
    let apps = HOSTS.map(directory);
    apps.iter().for_each(|app| on_things(app, json!({})));
    let (_home, embedded, system) = shared().await;
    let hosts = [0, 1].map(|host: usize| Usher::serve_with(&[apps[host].path()], &["--mongodb", embedded.uri()]));
    let database = hosts[0].database("e2e").await;
    let things = database.collection::<Document>("things");
    things.insert_one(doc! {"_id": 0}).await.unwrap();
    // What is frozen in the middle is rightly done again by the other.
    let deliveries = system.collection::<Document>("deliveries");
    eventually("the first delivery, to its end", async || {
        calls(&database).await.len() == 1 && deliveries.count_documents(doc! {}).await.unwrap() == 0
    })
    .await;
    let frozen = usize::from(calls(&database).await[0].get_str("host").unwrap() != "one");

    hosts[frozen].freeze();
    things.insert_many((1..=5).map(|id| doc! {"_id": id})).await.unwrap();
    eventually("the other goes on", async || calls(&database).await.len() >= 6).await;
    hosts[frozen].thaw();
    // As a rule its lease has ended; it may meet its broken connections first.
    hosts[frozen].wait_until("the end of its work", |log| {
        let ends = ["the lease ended", "stopped"];
        log.lines().any(|line| line.contains("usher::trigger") && ends.iter().any(|end| line.contains(end)))
    });
    things.insert_many((6..=9).map(|id| doc! {"_id": id})).await.unwrap();
    eventually("everything", async || calls(&database).await.len() >= 10).await;
    let calls = calls(&database).await;
    let mut runs: BTreeMap<i32, Vec<&Document>> = BTreeMap::new();
    for call in &calls {
        runs.entry(event(call).get_document("documentKey").unwrap().get_i32("_id").unwrap()).or_default().push(call);
    }
    assert!(runs.keys().copied().eq(0..10), "{runs:#?}");
    runs.values().for_each(|runs| assert_one_at_a_time(runs));
    let lease = system.collection::<Document>("leases").find_one(doc! {}).await.unwrap().unwrap();
    let by_the_frozen = calls.iter().filter(|call| call.get_str("host").unwrap() == HOSTS[frozen]).count();
    // Unless it has the lease again, because the other was too busy to renew it.
    assert!(by_the_frozen == 1 || lease.get_i64("epoch").unwrap() > 2, "{lease}: {calls:#?}");
    drop(hosts);
    embedded.stop().await;
}
