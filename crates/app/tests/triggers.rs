//! `triggers/<name>.json`, in both forms.

mod common;

use bson::{doc, oid::ObjectId};
use common::{BASE, load_both};
use usher_app::{AuthenticationTrigger, DatabaseTrigger, Loaded, Occasion, ScheduledTrigger, Trigger};

#[allow(clippy::unwrap_used, reason = "a test")]
fn loaded(content: &str) -> Loaded {
    let mut files = BASE.to_vec();
    files.push(("triggers/a.json", content));
    load_both(&files).unwrap()
}

fn trigger(content: &str) -> Trigger {
    let mut triggers = loaded(content).app.triggers;
    assert_eq!(triggers.len(), 1, "{content}");
    triggers.remove("t").expect("it is named t")
}

fn database(config: &str) -> DatabaseTrigger {
    let content = format!(
        r#"{{"name": "t", "type": "DATABASE", "config": {config}, "disabled": false,
            "event_processors": {{"FUNCTION": {{"config": {{"function_name": "hello", "function_id": "5f"}}}}}}}}"#
    );
    match trigger(&content) {
        Trigger { occasion: Occasion::Database(database), disabled: false, function, .. } if function == "hello" => {
            database
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_option_of_a_database_trigger_is_read() {
    let read = database(
        r#"{"service_name": "mongodb-atlas", "database": "shop", "collection": "orders", "clusterName": "Cluster0",
            "operation_types": ["INSERT", "update", "UPDATE"], "unordered": true, "full_document": true,
            "full_document_before_change": true, "skip_catchup_events": true, "tolerate_resume_errors": true,
            "match": {"fullDocument.owner": {"$oid": "5f00000000000000000000ab"}, "updateDescription": {"$exists": true}},
            "project": {"documentKey": {"$numberInt": "1"}}}"#,
    );
    let owner = ObjectId::parse_str("5f00000000000000000000ab").unwrap();
    let wanted = DatabaseTrigger {
        data_source: "mongodb-atlas".into(),
        database: Some("shop".into()),
        collection: Some("orders".into()),
        operations: vec!["INSERT".into(), "UPDATE".into()],
        filter: Some(doc! { "fullDocument.owner": owner, "updateDescription": { "$exists": true } }),
        project: Some(doc! { "documentKey": 1 }),
        full_document: true,
        full_document_before_change: true,
        unordered: true,
        skip_catchup_events: true,
        tolerate_resume_errors: true,
    };
    assert_eq!(read, wanted);
}

#[test]
fn without_a_collection_it_is_of_the_whole_database() {
    for config in [
        r#"{"database": "shop", "operation_type": "DELETE", "match": {}, "project": {}}"#,
        r#"{"database": "shop", "operation_type": "DELETE", "collection": "", "project": ""}"#,
    ] {
        let wanted = DatabaseTrigger {
            data_source: "mongodb-atlas".into(),
            database: Some("shop".into()),
            operations: vec!["DELETE".into()],
            ..DatabaseTrigger::default()
        };
        assert_eq!(database(config), wanted);
    }
}

#[test]
fn without_a_database_it_is_of_all_of_them() {
    for config in [r#"{"database": "", "collection": "", "operation_types": ["DROP_DATABASE"]}"#, "{}"] {
        let content = format!(r#"{{"name": "t", "type": "DATABASE", "function_name": "hello", "config": {config}}}"#);
        let loaded = loaded(&content);
        let Occasion::Database(read) = &loaded.app.triggers["t"].occasion else { panic!("{loaded:?}") };
        assert_eq!((&read.database, &read.collection), (&None, &None));
        assert!(loaded.notices[0].message.contains("every database that is an app's"), "{:?}", loaded.notices);
    }
}

/// Every operation that the documentation of App Services lists.
#[test]
fn operations_on_collections_have_the_names_of_app_services() {
    let names = [
        "CREATE_COLLECTION",
        "MODIFY_COLLECTION",
        "RENAME_COLLECTION",
        "SHARD_COLLECTION",
        "DROP_COLLECTION",
        "RESHARD_COLLECTION",
        "REFINE_COLLECTION_SHARD_KEY",
        "CREATE_INDEXES",
        "DROP_INDEXES",
        "DROP_DATABASE",
    ];
    let list = names.map(|name| format!("\"{name}\"")).join(",");
    assert_eq!(database(&format!(r#"{{"database": "shop", "operation_types": [{list}]}}"#)).operations, names);
}

/// The documentation has the singular, exports the plural; some wrote it beside `config`.
#[test]
fn what_happened_meanwhile_is_skipped_however_that_is_written() {
    for (outside, config) in [
        ("", r#", "skip_catchup_event": true"#),
        ("", r#", "skip_catchup_events": true"#),
        (r#""skip_catchup_event": true,"#, ""),
        (r#""skip_catchup_events": true,"#, ""),
    ] {
        let skips = |kind: &str, rest: &str| {
            let head = format!(r#""name": "t", "type": "{kind}", "function_name": "hello", {outside}"#);
            match trigger(&format!(r#"{{{head} "config": {{{rest}{config}}}}}"#)).occasion {
                Occasion::Database(trigger) => trigger.skip_catchup_events,
                Occasion::Scheduled(trigger) => trigger.skip_catchup_events,
                Occasion::Authentication(_) => false,
            }
        };
        assert!(skips("SCHEDULED", r#""schedule": "0 0 * * *""#), "{outside}{config}");
        assert!(skips("DATABASE", r#""database": "d""#), "{outside}{config}");
    }
}

#[test]
fn the_older_form_names_its_function_at_the_top() {
    let read = trigger(
        r#"{"id": "5d", "name": "t", "type": "AUTHENTICATION", "function_name": "hello", "disabled": true,
            "config": {"operation_type": ["CREATE", "Login"], "providers": "local-userpass"}}"#,
    );
    let occasion = Occasion::Authentication(AuthenticationTrigger {
        operations: vec!["CREATE".into(), "LOGIN".into()],
        providers: vec!["local-userpass".into()],
    });
    assert_eq!(read, Trigger { name: "t".into(), function: "hello".into(), disabled: true, occasion });
}

#[test]
fn schedules_of_real_apps_are_read() {
    for schedule in [
        "0 3 * * *",
        "*/5 * * * *",
        "0 9 * * MON-FRI",
        "30 4 1,15 * 5",
        "0 0 1 JAN *",
        "*/25 * * * *",
        "0 11 * 1,3,7 *",
        "0 11 * jan-apr sun",
        "*/10 1-3/2 * * 0-6",
    ] {
        let read = trigger(&format!(
            r#"{{"name": "t", "type": "SCHEDULED", "function_name": "hello",
                "config": {{"schedule": "{schedule}", "skip_catchup_events": true}}}}"#
        ));
        let wanted = ScheduledTrigger { schedule: schedule.into(), skip_catchup_events: true };
        assert_eq!(read.occasion, Occasion::Scheduled(wanted));
    }
}

/// What a trigger cannot do is told, and the rest of the app runs.
#[test]
fn what_never_fires_is_told_and_left_out() {
    for (content, left, notice) in [
        (
            r#"{"name": "t", "type": "AUTHENTICATION", "function_name": "hello", "config": {"operation_type": "LOGOUT"}}"#,
            0,
            "LOGOUT never fires",
        ),
        (
            r#"{"name": "t", "type": "AUTHENTICATION", "function_name": "hello",
                "config": {"operation_types": ["LOGOUT", "DELETE"]}}"#,
            1,
            "LOGOUT never fires",
        ),
        (
            r#"{"name": "t", "type": "DATABASE", "config": {"database": "d"},
                "event_processors": {"AWS_EVENTBRIDGE": {"config": {"account_id": "1", "region": "us-east-1"}}}}"#,
            0,
            "not run by Usher: the event processor AWS_EVENTBRIDGE",
        ),
        (
            r#"{"name": "t", "type": "SCHEDULED", "function_name": "gone", "disabled": true,
                "config": {"schedule": "0 0 * * *"}}"#,
            0,
            "no function is named \"gone\"; the trigger is switched off",
        ),
        (
            r#"{"name": "t", "type": "DATABASE", "function_name": "hello",
                "config": {"database": "d", "maximum_throughput": true}}"#,
            1,
            "has no effect",
        ),
        (
            r#"{"name": "t", "type": "DATABASE", "function_name": "hello", "config": {"database": "d", "project": "[]"}}"#,
            1,
            "is no object, so it has no effect",
        ),
        (
            r#"{"name": "t", "type": "DATABASE", "function_name": "hello", "config": {"database": "d"},
                "error_handler": {"config": {"enabled": true, "function_name": "hello"}}}"#,
            1,
            "not run by Usher: the error handler",
        ),
        (
            r#"{"name": "t", "type": "SCHEDULED", "function_name": "hello", "config": {"schedule": "30 */5 * * * *"}}"#,
            1,
            "the first is seconds",
        ),
    ] {
        let loaded = loaded(content);
        assert_eq!(loaded.app.triggers.len(), left, "{content}");
        let told: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains(notice), "{content}: {told:?}");
    }
}
