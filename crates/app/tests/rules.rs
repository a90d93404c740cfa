//! Rules and schemas, in every layout.

mod common;

use bson::doc;
use common::{BASE, Files, load_both};
use usher_app::{Loaded, RuleBook};

const ROLES: &str = r#"{"roles": [{"name": "all", "apply_when": {}, "read": true, "write": true}]}"#;
const MAIN: (&str, &str) = ("data_sources/main/config.json", r#"{"name": "Cluster0", "type": "mongodb-atlas"}"#);

#[allow(clippy::unwrap_used, reason = "a test")]
fn loaded(files: Files<'_>) -> Loaded {
    let all: Vec<_> = BASE.iter().chain([&MAIN]).chain(files).copied().collect();
    load_both(&all).unwrap()
}

/// Every collection that has rules or a schema, with which of them.
fn names(book: &RuleBook) -> Vec<String> {
    let mut names = Vec::new();
    for (source, collections) in &book.collections {
        for ((database, collection), it) in collections {
            let has = [(it.rules.is_some(), "rules"), (it.schema.is_some(), "schema")];
            let has: Vec<&str> = has.iter().filter(|(has, _)| *has).map(|(_, what)| *what).collect();
            names.push(format!("{source} {database}.{collection} {}", has.join("+")));
        }
    }
    names
}

#[test]
fn a_collection_is_named_by_its_file_or_its_directory() {
    let read = loaded(&[
        ("data_sources/main/shop/orders/rules.json", ROLES),
        ("data_sources/main/shop/orders/schema.json", r#"{"required": ["_id"]}"#),
        ("data_sources/main/shop/orders/relationships.json", r#"{"a": {"ref": "x"}}"#),
        ("data_sources/main/shop/safe_name/rules.json", r#"{"database": "shop", "collection": "orders.archive"}"#),
        ("data_sources/main/shop/stock/schema.json", r#"{"required": ["_id"]}"#),
        ("data_sources/main/shop/empty/schema.json", "{}"),
        ("data_sources/main/default_rule.json", r#"{"roles": [], "filters": []}"#),
    ]);
    assert_eq!(
        names(&read.app.rules),
        ["Cluster0 shop.orders rules+schema", "Cluster0 shop.orders.archive rules", "Cluster0 shop.stock schema"]
    );
    assert!(read.app.rules.defaults.is_empty(), "there are no roles in it");
    assert_eq!(read.notices, []);
    let schema = read.app.rules.schema("Cluster0", "shop", "orders").unwrap();
    assert!(schema.check(&doc! { "a": 1 }).is_err() && schema.check(&doc! { "_id": 1 }).is_ok());
}

/// Reference 6.1: a collection with roles of its own does not fall back; one without does.
#[test]
fn default_rules_are_for_collections_without_roles() {
    let read = loaded(&[
        ("data_sources/main/default_rule.json", ROLES),
        ("data_sources/main/shop/orders/rules.json", ROLES),
        ("data_sources/main/shop/stock/rules.json", r#"{"roles": []}"#),
    ]);
    let book = read.app.rules;
    let (default, own) = (&book.defaults["Cluster0"], book.rules("Cluster0", "shop", "orders").unwrap());
    assert!(!std::sync::Arc::ptr_eq(default, own));
    for collection in ["stock", "other"] {
        let found = book.rules("Cluster0", "shop", collection).unwrap();
        assert!(std::sync::Arc::ptr_eq(default, found), "{collection}");
    }
    assert!(book.rules("another", "shop", "stock").is_none());
}

/// A filter narrows its collection also where the roles are the default ones: otherwise it would be lost, and everybody
/// would see everything.
#[test]
fn filters_of_a_collection_hold_with_the_default_roles() {
    let filters = r#"{"roles": [], "filters": [{"name": "own", "apply_when": {}, "query": {"owner": "%%user.id"}}]}"#;
    let rules = |json: &str| usher_rules::Rules::compile(&serde_json::from_str(json).unwrap()).unwrap();
    let all = r#"{"name": "all", "apply_when": {}, "read": true}"#;
    let default = format!(r#"{{"roles": [{all}], "filters": [{{"name": "new", "query": {{"old": false}}}}]}}"#);
    let read = loaded(&[
        ("data_sources/main/default_rule.json", &default),
        ("data_sources/main/shop/orders/rules.json", filters),
        ("data_sources/main/shop/stock/rules.json", &format!(r#"{{"roles": [{all}]}}"#)),
    ]);
    let book = read.app.rules;
    let both = format!(
        r#"{{"roles": [{all}], "filters": [
            {{"name": "own", "apply_when": {{}}, "query": {{"owner": "%%user.id"}}}}, {{"name": "new", "query": {{"old": false}}}}]}}"#
    );
    assert_eq!(**book.rules("Cluster0", "shop", "orders").unwrap(), rules(&both));
    assert_eq!(**book.rules("Cluster0", "shop", "stock").unwrap(), rules(&format!(r#"{{"roles": [{all}]}}"#)));
}

#[test]
fn the_older_layouts_have_a_file_for_each_collection() {
    let files = [
        ("services/cluster/config.json", r#"{"name": "cluster", "type": "mongodb"}"#),
        (
            "services/cluster/rules/a.json",
            r#"{"id": "5d", "database": "shop", "collection": "orders", "roles": [{"name": "all", "apply_when": {}}],
                "schema": {"bsonType": "object", "required": ["total"]}, "relationships": {}}"#,
        ),
        ("services/cluster/rules/b.json", r#"{"namespace": "shop.stock.old", "roles": [], "schema": {}}"#),
        ("services/cluster/rules/shop.users.json", r#"{"roles": []}"#),
    ];
    let all: Vec<_> = BASE.iter().chain(&files).copied().collect();
    let book = load_both(&all).unwrap().app.rules;
    assert_eq!(
        names(&book),
        ["cluster shop.orders rules+schema", "cluster shop.stock.old rules", "cluster shop.users rules"]
    );
    let violations = book.schema("cluster", "shop", "orders").unwrap().check(&doc! {}).unwrap_err();
    assert_eq!(violations, ["\"total\" is missing"]);
}

#[test]
fn a_function_of_a_rule_that_is_not_there_is_told() {
    let rules = |name: &str| {
        format!(
            r#"{{"roles": [{{"name": "a", "apply_when": {{
                "%%true": {{"%function": {{"name": "{name}", "arguments": ["%%user.id"]}}}}}}, "read": true}}]}}"#
        )
    };
    let file = "data_sources/main/shop/orders/rules.json";
    assert_eq!(loaded(&[(file, &rules("hello"))]).notices, []);
    let notices = loaded(&[(file, &rules("helo"))]).notices;
    assert_eq!(notices.len(), 1, "{notices:?}");
    let wanted = format!("{file}:2: no function is named \"helo\"; did you mean \"hello\"?, so this never holds");
    assert_eq!(notices[0].to_string(), wanted);
}
