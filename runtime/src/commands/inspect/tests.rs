use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use usher_app::App;

use super::difference::between;
use super::powers::Mode;
use super::report::{always, functions};

/// Files of an app with custom data in `app.custom_data`.
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    fn new(manifest: Value) -> Self {
        let names: Vec<String> =
            manifest.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect();
        let mut files = Self(BTreeMap::new())
            .with("root_config.json", json!({ "config_version": 20_210_101, "name": "a" }))
            .with("data_sources/mongodb-atlas/config.json", json!({ "name": "mongodb-atlas", "type": "mongodb-atlas" }))
            .with("functions/config.json", manifest)
            .with(
                "auth/custom_user_data.json",
                json!({
                    "enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "app",
                    "collection_name": "custom_data", "user_id_field": "user_id",
                }),
            );
        for name in names {
            files.0.insert(format!("functions/{name}.js").into(), b"exports = () => 1;".to_vec());
        }
        files
    }

    fn with(mut self, path: &str, content: Value) -> Self {
        self.0.insert(path.into(), content.to_string().into_bytes());
        self
    }

    fn without_custom_data(self) -> Self {
        self.with("auth/custom_user_data.json", json!({ "enabled": false }))
    }

    fn app(&self) -> App {
        usher_app::load_files(&self.0).unwrap_or_else(|mistakes| panic!("{mistakes}")).app
    }

    /// On disk, for what reads code.
    fn on_disk(&self) -> (tempfile::TempDir, App) {
        let directory = tempfile::tempdir().unwrap();
        for (path, content) in &self.0 {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let app = usher_app::load(directory.path()).unwrap_or_else(|mistakes| panic!("{mistakes}")).app;
        (directory, app)
    }
}

/// What is said of the function `f`, in the order caller, system.
fn said(files: &Files) -> Vec<String> {
    let reports = functions(&files.app());
    let report = reports.iter().find(|report| report.name == "f").unwrap();
    report.modes.iter().map(|mode| mode.sentence.clone()).collect()
}

const OWN: &str = "may read and change the caller's own document in app.custom_data";
const ALL: &str = "may read and change every document in app.custom_data";

#[test]
fn a_function_of_its_caller_reaches_the_callers_own_document() {
    let files = Files::new(json!([{ "name": "f" }]));
    assert_eq!(said(&files), [format!("{OWN}; nothing else"), format!("{ALL}; nothing else")]);
}

#[test]
fn a_function_of_the_system_reaches_all_documents_whoever_calls() {
    let files = Files::new(json!([{ "name": "f", "run_as_system": true }]));
    assert_eq!(said(&files), [format!("{ALL}; nothing else")]);
    assert_eq!(functions(&files.app())[0].lines()[1], format!("always as the system: {ALL}; nothing else"));
}

#[test]
fn without_custom_data_there_is_nothing() {
    let files = Files::new(json!([{ "name": "f" }])).without_custom_data();
    assert_eq!(said(&files), ["may touch nothing", "may touch nothing"]);
}

#[test]
fn a_grant_of_a_whole_collection_is_not_narrowed_for_a_user() {
    let grant = json!({ "name": "g", "database": "shop", "collection": "orders", "operations": ["read", "insert"] });
    let files = Files::new(json!([{ "name": "f", "grants": [grant] }])).without_custom_data();
    let sentence = "may read and insert every document in shop.orders; nothing else";
    assert_eq!(said(&files), [sentence, sentence]);
}

#[test]
fn a_grant_of_own_documents_names_the_field() {
    let grant = json!({ "name": "g", "database": "shop", "collection": "orders", "own": "owner" });
    let files = Files::new(json!([{ "name": "f", "run_as_system": true, "grants": [grant] }])).without_custom_data();
    let sentence = "may read and change the caller's own documents (whose field owner holds the caller's id) in \
                    shop.orders; nothing else";
    assert_eq!(said(&files), [sentence]);
}

fn named(collection: &str, functions: Value) -> Value {
    let mut grant = json!({
        "data_source": "mongodb-atlas", "database": "shop", "collection": collection, "operations": ["read"],
    });
    if !functions.is_null() {
        grant["functions"] = functions;
    }
    json!({ "grants": [grant] })
}

#[test]
fn collections_by_name_are_for_the_system_alone() {
    let files = Files::new(json!([{ "name": "f" }])).with("usher.json", named("orders", Value::Null));
    assert_eq!(
        said(&files),
        [format!("{OWN}; nothing else"), format!("{ALL}; may read every document in shop.orders; nothing else")]
    );
}

#[test]
fn a_whole_database_is_called_that() {
    let files = Files::new(json!([{ "name": "f", "run_as_system": true }]))
        .without_custom_data()
        .with("usher.json", named("*", Value::Null));
    assert_eq!(said(&files), ["may read every document in every collection of the database shop; nothing else"]);
}

#[test]
fn a_grant_for_other_functions_is_theirs_but_may_be_called() {
    let manifest = json!([{ "name": "f" }, { "name": "g", "run_as_system": true }]);
    let files = Files::new(manifest).with("usher.json", named("orders", json!(["g"])));
    assert_eq!(
        said(&files),
        [
            format!("{OWN}; nothing else. It may call functions that can touch more: g"),
            format!("{ALL}; nothing else. It may call functions that can touch more: g"),
        ]
    );
}

#[test]
fn a_function_that_can_touch_no_more_is_not_worth_a_word() {
    let files = Files::new(json!([{ "name": "f", "run_as_system": true }, { "name": "g", "run_as_system": true }]));
    assert_eq!(said(&files), [format!("{ALL}; nothing else")]);
}

#[test]
fn http_is_said_for_every_caller() {
    let http =
        json!({ "http": ["https://api.example.com", { "origin": "http://*.example.org:8080", "functions": ["g"] }] });
    let files = Files::new(json!([{ "name": "f" }, { "name": "g" }])).without_custom_data().with("usher.json", http);
    let sentence = "may send HTTP requests to https://api.example.com; nothing else. It may call functions that can touch \
                    more: g";
    assert_eq!(said(&files), [sentence, sentence]);
}

#[test]
fn deleting_the_account_is_said() {
    let files = Files::new(json!([{ "name": "f", "account": ["delete"] }])).without_custom_data();
    assert_eq!(said(&files)[0], "may delete the caller's account; nothing else");
}

#[test]
fn a_shared_instance_counts_what_all_of_its_functions_may_do() {
    let manifest = json!([{ "name": "f" }, { "name": "g", "run_as_system": true, "account": ["delete"] }]);
    let mut usher = named("orders", json!(["g"]));
    usher["share_instance"] = json!(true);
    let said = said(&Files::new(manifest).with("usher.json", usher));
    let all = format!(
        "{OWN}; {ALL}; may read every document in shop.orders; may delete the caller's account; nothing else. The \
         app's functions share instances"
    );
    assert!(said[0].starts_with(&all), "{}", said[0]);
}

#[test]
fn who_calls_is_said() {
    let manifest = json!([{ "name": "f", "private": true }, { "name": "g" }]);
    let custom = json!({
        "enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "app", "collection_name": "c",
        "user_id_field": "user_id", "on_user_creation_function_name": "f",
    });
    let reports = functions(&Files::new(manifest).with("auth/custom_user_data.json", custom).app());
    assert_eq!(reports[0].callers, "clients cannot call it; it runs when a user is created");
    assert_eq!(reports[1].callers, "clients can call it");
}

#[test]
fn values_that_every_function_reads_are_named() {
    let files = Files::new(json!([{ "name": "f" }]))
        .with("values/greeting.json", json!({ "name": "greeting", "value": "Hello", "from_secret": false }));
    assert!(always(&files.app()).contains("reads the values greeting."), "{}", always(&files.app()));
}

#[test]
fn covering_is_by_collection_documents_and_operation() {
    use super::powers::Powers;
    let of = |manifest: Value, usher: Value| {
        let app = Files::new(manifest).without_custom_data().with("usher.json", usher).app();
        Powers::of(&app, &app.functions["f"], Mode::System)
    };
    let all = of(json!([{ "name": "f" }]), named("*", Value::Null));
    let one = of(json!([{ "name": "f" }]), named("orders", Value::Null));
    assert!(all.cover(&one) && !one.cover(&all) && one.cover(&one));
    let grant = |operations: Value| json!({ "name": "g", "database": "shop", "collection": "orders", "operations": operations });
    let writes = of(json!([{ "name": "f", "grants": [grant(json!(["read", "insert"]))] }]), json!({}));
    assert!(!all.cover(&writes) && !writes.cover(&all) && writes.cover(&one));
}

#[test]
fn equal_deployments_do_not_differ() {
    let files = Files::new(json!([{ "name": "f" }]));
    let ((_keep, before), (_also, after)) = (files.on_disk(), files.on_disk());
    let difference = between(&before, &after).unwrap();
    assert_eq!(difference.json(), json!({ "app": [], "added": [], "removed": [], "changed": [] }));
    assert!(difference.text().starts_with("no function was added"));
}

#[test]
fn what_changed_between_deployments_is_told() {
    let before = Files::new(json!([{ "name": "f" }, { "name": "g" }, { "name": "old" }]));
    let mut after = Files::new(json!([{ "name": "f", "run_as_system": true }, { "name": "g" }, { "name": "new" }]));
    after.0.insert("functions/g.js".into(), b"exports = () => 2;".to_vec());
    let ((_keep, before), (_also, after)) = (before.on_disk(), after.on_disk());
    let json = between(&before, &after).unwrap().json();
    assert_eq!(json["added"][0]["name"], "new");
    assert_eq!(json["removed"][0]["name"], "old");
    let [f, g, ..] = &json["changed"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!((&f["name"], &f["code"]), (&json!("f"), &json!(false)));
    assert!(f["authority"]["before"][1].as_str().unwrap().starts_with(&format!("as its caller: {OWN}")), "{f}");
    assert!(f["authority"]["after"][1].as_str().unwrap().starts_with(&format!("always as the system: {ALL}")), "{f}");
    assert_eq!((&g["name"], &g["code"]), (&json!("g"), &json!(true)));
}

#[test]
fn a_stronger_function_is_told_once_and_not_for_all_that_may_call_it() {
    let before = Files::new(json!([{ "name": "f" }, { "name": "g" }]));
    let after = Files::new(json!([{ "name": "f", "run_as_system": true }, { "name": "g" }]));
    let ((_keep, before), (_also, after)) = (before.on_disk(), after.on_disk());
    let json = between(&before, &after).unwrap().json();
    assert_eq!(json["changed"].as_array().unwrap().len(), 1, "{json}");
}

#[test]
fn the_order_of_grants_is_no_difference() {
    let grant = |name: &str| json!({ "name": name, "database": "shop", "collection": name });
    let of =
        |one: &str, other: &str| Files::new(json!([{ "name": "f", "grants": [grant(one), grant(other)] }])).on_disk();
    let ((_keep, before), (_also, after)) = (of("a", "b"), of("b", "a"));
    assert_eq!(between(&before, &after).unwrap().json()["changed"], json!([]));
}

#[test]
fn sharing_instances_changes_the_authority_of_all() {
    let manifest = || json!([{ "name": "f" }, { "name": "g" }]);
    let before = Files::new(manifest());
    let after = Files::new(manifest()).with("usher.json", json!({ "share_instance": true }));
    let ((_keep, before), (_also, after)) = (before.on_disk(), after.on_disk());
    let json = between(&before, &after).unwrap().json();
    assert!(json["changed"][1]["authority"]["after"][1].as_str().unwrap().contains("share instances"), "{json}");
}

#[test]
fn a_change_of_a_required_file_is_a_change_of_the_function() {
    let with_helper = |text: &str| {
        let mut files = Files::new(json!([{ "name": "f" }]));
        files.0.insert("functions/f.js".into(), b"exports = () => require('../lib/helper').x;".to_vec());
        files.0.insert("lib/helper.js".into(), text.as_bytes().to_vec());
        files.on_disk()
    };
    let ((_keep, before), (_also, after)) = (with_helper("exports.x = 1;"), with_helper("exports.x = 2;"));
    assert_eq!(between(&before, &after).unwrap().json()["changed"][0]["code"], true);
}

#[test]
fn who_can_log_in_is_part_of_the_difference() {
    let files = Files::new(json!([{ "name": "f" }]));
    let (_keep, before) = files.on_disk();
    let anonymous = json!({ "anon-user": { "name": "anon-user", "type": "anon-user", "disabled": false } });
    let (_also, after) = files.with("auth/providers.json", anonymous).on_disk();
    let json = between(&before, &after).unwrap().json();
    assert_eq!(json["app"], json!([{ "what": "how users log in", "before": "", "after": "anon-user" }]));
}

#[test]
fn a_user_reaches_by_name_what_rules_give() {
    let rules =
        json!({ "roles": [{ "name": "owner", "apply_when": { "owner": "%%user.id" }, "read": true, "write": true }] });
    let files = Files::new(json!([{ "name": "f" }])).without_custom_data();
    let files = files.with("data_sources/mongodb-atlas/shop/orders/rules.json", rules.clone());
    let ruled = "may read and change what the rules give to the caller in shop.orders";
    assert_eq!(said(&files)[0], format!("{ruled}; nothing else"));
    let files = files.with("data_sources/mongodb-atlas/default_rule.json", rules);
    assert_eq!(said(&files)[0], format!("{ruled} and every collection without roles of its own; nothing else"));
}

#[test]
fn changed_rules_are_told() {
    let rules = |read: bool| json!({ "roles": [{ "name": "all", "apply_when": {}, "read": read }] });
    let file = "data_sources/mongodb-atlas/shop/orders/rules.json";
    let files = |read: bool| Files::new(json!([{ "name": "f" }])).with(file, rules(read)).on_disk();
    let ((_before, closed), (_after, open), (_same, again)) = (files(false), files(true), files(false));
    let changes = between(&closed, &open).unwrap().text();
    assert!(changes.contains("the rules of shop.orders in mongodb-atlas"), "{changes}");
    assert!(between(&closed, &again).unwrap().text().starts_with("no function was added"));
}

#[test]
fn everybody_who_calls_is_said() {
    let manifest = json!([{ "name": "f", "private": true, "run_as_user_id_script_source": "exports = () => '5f'" }]);
    let files = Files::new(manifest)
        .with("auth/providers.json", json!({ "custom-function": { "config": { "authFunctionName": "f" } } }))
        .with("http_endpoints/config.json", json!([{ "route": "/a", "http_method": "*", "function_name": "f" }]))
        .with(
            "triggers/t.json",
            json!({ "name": "t", "type": "SCHEDULED", "function_name": "f", "config": { "schedule": "0 0 * * *" } }),
        );
    let reports = functions(&files.app());
    assert_eq!(
        reports[0].callers,
        "clients cannot call it; it says who logs in; it answers the endpoint /a (any method, without a secret) as the \
         user that run_as/f answers; the trigger t runs it; whoever calls, it acts for the user that run_as/f answers"
    );
    assert_eq!(
        reports[1].callers,
        "clients cannot call it; it says as whom the endpoint /a runs; it says as whom f runs"
    );
}

#[test]
fn a_changed_script_of_configuration_is_a_change_of_code() {
    let files = |script: &str| {
        Files::new(json!([{ "name": "f", "run_as_user_id_script_source": format!("exports = () => '{script}'") }]))
            .on_disk()
    };
    let ((_before, before), (_after, after)) = (files("5f"), files("60"));
    let changes = between(&before, &after).unwrap().text();
    assert_eq!(changes, "~ run_as/f: code changed");
}
