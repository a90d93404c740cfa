//! Events of users.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use usher_app::{AuthenticationTrigger, Occasion};

use crate::support::{Stage, trigger};

fn on(operations: &[&str], providers: &[&str]) -> Occasion {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Occasion::Authentication(AuthenticationTrigger { operations: texts(operations), providers: texts(providers) })
}

/// An event as identity writes it.
fn event(app: &str, kind: &str, user: &str, providers: &[&str]) -> Document {
    doc! {
        "_id": ObjectId::new(), "app": app, "type": kind, "providers": providers, "time": DateTime::now(),
        "user": {"id": user, "type": "normal", "data": {"email": "ada@example.com"}, "identities": []},
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_that_a_trigger_is_about_arrive_word_for_word() {
    let creations = trigger("creations", on(&["CREATE", "DELETE"], &["local-userpass", "oauth2-google"]));
    let stage = Stage::new(vec![creations]).await;
    let host = stage.host("one").await;
    let wanted = event("app", "CREATE", "u1", &["local-userpass"]);
    let deletion = event("app", "DELETE", "u1", &["anon-user", "oauth2-google"]);
    let events = [
        wanted.clone(),
        event("app", "LOGIN", "u1", &["local-userpass"]),
        event("app", "CREATE", "u2", &["anon-user"]),
        event("other", "CREATE", "u3", &["local-userpass"]),
        deletion.clone(),
    ];
    for event in events {
        stage.system("events").insert_one(event).await.unwrap();
    }
    let seen = stage.delivered(2).await;
    let argument = |event: &Document| {
        let field = |name: &str| event.get(name).cloned().unwrap();
        doc! {"operationType": field("type"), "providers": field("providers"), "user": field("user"), "time": field("time")}
    };
    assert_eq!(seen, [argument(&wanted), argument(&deletion)]);
    stage.stop([host]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_although_the_history_is_forgotten() {
    let stage = Stage::new(vec![trigger("logins", on(&["LOGIN"], &[]))]).await;
    let host = stage.host("one").await;
    let events = stage.system("events");
    events.insert_one(event("app", "LOGIN", "u0", &["anon-user"])).await.unwrap();
    stage.delivered(1).await;
    host.triggers.stop().await;

    // Too old to be repeated, and meanwhile.
    let mut old = event("app", "LOGIN", "long ago", &["anon-user"]);
    old.insert("time", DateTime::from_millis(DateTime::now().timestamp_millis() - 3_600_000));
    events.insert_one(old).await.unwrap();
    for n in 1..=120 {
        events.insert_one(event("app", "LOGIN", &format!("u{n}"), &["anon-user"])).await.unwrap();
    }
    let nowhere = doc! {"$set": {"place": {"_data": "82650000000000000001"}}};
    stage.system("trigger_positions").update_one(doc! {}, nowhere).await.unwrap();
    let host = stage.host("two").await;
    let seen = stage.delivered(121).await;
    let user = |event: &Document| event.get_document("user").unwrap().get("id").cloned().unwrap();
    for n in 1..=120 {
        assert!(seen.iter().any(|event| user(event) == Bson::from(format!("u{n}"))), "u{n} was missed");
    }
    assert!(seen.iter().all(|event| user(event) != Bson::from("long ago")));
    // And from there on, by the stream again.
    events.insert_one(event("app", "LOGIN", "after", &["anon-user"])).await.unwrap();
    let seen = stage.delivered(seen.len() + 1).await;
    assert_eq!(user(seen.last().unwrap()), Bson::from("after"));
    stage.stop([host]).await;
}
