//! Attempts to leave the scope, each by name, and well-behaved operations beside them.
#![allow(clippy::unwrap_used, reason = "a test")]

mod good;
mod joins;
mod reads;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod writes;

use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Bson, Document, Regex, bson, doc};
use support::*;
use usher_capability::guard::{self, Call, Checked};
use usher_capability::{RowFilter, Scope};
use usher_contract::{ErrorCode, Failure, Operation};

fn check(scope: &Scope, operation: &Operation) -> Result<Checked, Failure> {
    let call = Call { invocation: "65a0000000000000000000ff", remaining: Duration::from_secs(5) };
    guard::check(scope, operation, call)
}

fn pattern(pattern: &str) -> Bson {
    Bson::RegularExpression(Regex { pattern: pattern.try_into().unwrap(), options: "i".try_into().unwrap() })
}

struct Attack {
    name: &'static str,
    scope: Scope,
    operation: Operation,
    code: ErrorCode,
    offender: &'static str,
}

/// An attack on the caller's own part of the collection.
fn attack(name: &'static str, operation: Operation, code: ErrorCode, offender: &'static str) -> Attack {
    Attack { name, scope: mine(), operation, code, offender }
}

#[test]
fn every_attack_is_refused_by_name() {
    let attacks: Vec<Attack> = [
        reads::stages(),
        reads::queries(),
        reads::expressions(),
        reads::projections(),
        writes::updates(),
        writes::owners(),
        shapes::documents(),
        shapes::all_options(),
        shapes::grants(),
        joins::reads(),
        joins::writes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut names = std::collections::HashSet::new();
    let mut failures = Vec::new();
    for Attack { name, scope, operation, code, offender } in &attacks {
        assert!(names.insert(*name), "the name {name} is used twice");
        match check(scope, operation) {
            Ok(passed) => failures.push(format!("{name}: passed as {:?}", Document::try_from(passed.command))),
            Err(failure) if !failure.is(*code) || !failure.message.contains(offender) => {
                failures.push(format!("{name}: expected {code} about {offender}, got {failure}"));
            }
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(attacks.len() >= 100, "only {} attacks", attacks.len());
}

fn command(scope: &Scope, operation: &Operation) -> Document {
    Document::try_from(check(scope, operation).unwrap().command).unwrap()
}

#[test]
fn the_row_filter_is_conjoined_with_every_query() {
    let rows = doc! {"owner": {"$in": [ME, ObjectId::parse_str(ME).unwrap()]}};
    let both = doc! {"$and": [rows.clone(), {"a": 1}]};
    let filter = || doc! {"a": 1};
    let set = || doc! {"$set": {"b": 1}};
    assert_eq!(command(&mine(), &find_one(doc! {})).get_document("filter").unwrap(), &rows);
    assert_eq!(command(&mine(), &find_one(filter())).get_document("filter").unwrap(), &both);
    assert_eq!(command(&mine(), &find(filter(), doc! {})).get_document("filter").unwrap(), &both);
    assert_eq!(command(&mine(), &distinct("a", filter())).get_document("query").unwrap(), &both);
    for operation in [
        find_and_update(filter(), set(), doc! {}),
        find_and_replace(filter(), doc! {}, doc! {}),
        find_and_delete(filter(), doc! {}),
    ] {
        assert_eq!(command(&mine(), &operation).get_document("query").unwrap(), &both);
    }
    for (key, operation) in [
        ("updates", update(filter(), set(), doc! {})),
        ("updates", update_many(filter(), set(), doc! {})),
        ("updates", replace(filter(), doc! {}, doc! {})),
        ("deletes", delete(filter())),
        ("deletes", delete_many(filter())),
    ] {
        let command = command(&mine(), &operation);
        assert_eq!(command.get_array(key).unwrap()[0].as_document().unwrap().get_document("q").unwrap(), &both);
    }
    for operation in [aggregate([doc! {"$match": filter()}, doc! {"$skip": 1}]), count(filter())] {
        let command = command(&mine(), &operation);
        assert_eq!(command.get_array("pipeline").unwrap()[0], bson!({"$match": (both.clone())}));
    }
    let command = command(&mine(), &aggregate([doc! {"$skip": 1}]));
    assert_eq!(command.get_array("pipeline").unwrap(), &[bson!({"$match": (rows)}), bson!({"$skip": 1})]);
}

/// MongoDB may evaluate the parts of an `$and` in any order, and errors of an expression quote values.
#[test]
fn expressions_are_evaluated_inside_the_scope_only() {
    let failing = || bson!({"$toInt": "$secret"});
    let inside = bson!({"$in": ["$owner", {"$literal": [ME, (ObjectId::parse_str(ME).unwrap())]}]});
    let fenced = bson!({"$expr": {"$cond": [inside, (failing()), false]}});
    let filter = doc! {"a": 1, "$or": [{"$nor": [{"$expr": (failing())}]}, {"b": 2}]};
    let expected = doc! {"a": 1, "$or": [{"$nor": [fenced]}, {"b": 2}]};
    let of = |query: &Document| query.get_array("$and").unwrap()[1].as_document().unwrap().clone();
    assert_eq!(of(command(&mine(), &find_one(filter.clone())).get_document("filter").unwrap()), expected);
    let set = doc! {"$set": {"a": 1}};
    let command_of_update = command(&mine(), &update(filter.clone(), set, doc! {}));
    let update = command_of_update.get_array("updates").unwrap()[0].as_document().unwrap();
    assert_eq!(of(update.get_document("q").unwrap()), expected);

    // No $match of a pipeline moves across a $limit.
    for stages in [
        vec![doc! {"$match": filter.clone()}],
        vec![doc! {"$set": {"x": 1}}, doc! {"$facet": {"f": [{"$match": filter}]}}],
    ] {
        let command = command(&mine(), &aggregate(stages.clone()));
        let pipeline = command.get_array("pipeline").unwrap();
        let is = |index: usize, name: &str| pipeline[index].as_document().unwrap().contains_key(name);
        assert!(is(0, "$match") && is(1, "$limit"), "{pipeline:?}");
        assert_eq!(pipeline[2..].len(), stages.len());
        assert!(!pipeline[0].to_string().contains("$expr"));
    }
}

#[test]
fn one_value_is_compared_plainly() {
    let scope = Scope { rows: Some(RowFilter { field: "owner".into(), values: vec![ME.into()] }), ..whole() };
    assert_eq!(command(&scope, &find_one(doc! {})).get_document("filter").unwrap(), &doc! {"owner": ME});
}

#[test]
fn every_command_carries_time_comment_and_caps() {
    let command = command(&mine(), &find(doc! {}, doc! {"limit": 1_000_000, "batchSize": 5000}));
    assert_eq!(command.get_i32("maxTimeMS").unwrap(), 5000);
    assert_eq!(command.get_str("comment").unwrap(), "65a0000000000000000000ff");
    assert_eq!(command.get_i64("limit").unwrap(), 50_000);
    assert_eq!(command.get_i64("batchSize").unwrap(), 101);
    assert_eq!(command.keys().next().unwrap(), "find");
    let call = Call { invocation: "x", remaining: Duration::ZERO };
    let checked = guard::check(&mine(), &find_one(doc! {}), call).unwrap();
    assert_eq!(checked.command.get_i32("maxTimeMS").unwrap(), 1, "zero would be no limit");
}

#[test]
fn the_place_of_the_offender_is_told() {
    let operation = aggregate([doc! {"$skip": 1}, doc! {"$facet": {"x": [{"$match": {"$or": [{"$where": "1"}]}}]}}]);
    let failure = check(&mine(), &operation).unwrap_err();
    assert!(failure.message.ends_with("(at pipeline.1.$facet.x.0.$match.$or.0)"), "{failure}");
}

#[test]
fn a_case_ignoring_collation_is_fine_where_no_id_is_text() {
    let operation = find(doc! {}, doc! {"collation": {"locale": "en", "strength": 1}});
    let id = Bson::ObjectId(ObjectId::parse_str(ME).unwrap());
    let scope = Scope { rows: Some(RowFilter { field: "owner".into(), values: vec![id] }), ..whole() };
    assert!(check(&scope, &operation).is_ok());
    assert!(check(&whole(), &operation).is_ok());
}
