//! The guard against a model and a real database: whatever a caller tries on a part of a collection, it goes as if the
//! other documents did not exist.
//!
//! The model is the same operation on a collection that really holds the caller's documents only.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use bson::oid::ObjectId;
use bson::{Bson, Document, bson, doc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::*;
use usher_capability::Scope;
use usher_contract::{Failure, Operation};

/// Stands in every document of somebody else, and in nothing that a caller says.
const SECRET: &str = "hunter2";

fn other_oid() -> ObjectId {
    ObjectId::parse_str(OTHER).unwrap()
}

fn my_oid() -> ObjectId {
    ObjectId::parse_str(ME).unwrap()
}

fn is_mine(document: &Document) -> bool {
    matches!(document.get(FIELD), Some(owner) if *owner == Bson::from(ME) || *owner == Bson::from(my_oid()))
}

/// Documents of the caller, of others and of nobody.
fn population() -> impl Strategy<Value = Vec<Document>> {
    let owner = prop_oneof![
        3 => Just(Some(Bson::from(ME))),
        2 => Just(Some(Bson::from(my_oid()))),
        3 => Just(Some(Bson::from(OTHER))),
        1 => Just(Some(Bson::from(other_oid()))),
        1 => Just(Some(bson!([OTHER]))),
        1 => Just(Some(Bson::Null)),
        1 => Just(Some(Bson::from(ME.to_uppercase()))),
        1 => Just(None),
    ];
    let fields = (0..4_i32, 0..4_i32, vec(0..3_i32, 0..3), prop_oneof![Just("1"), Just("2"), Just("x")]);
    vec((owner, fields), 1..12).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(index, (owner, (a, b, tags, text)))| {
                let mut document = doc! {"_id": i32::try_from(index).unwrap(), "a": a, "n": {"b": b}, "tags": tags};
                if let Some(owner) = owner {
                    document.insert(FIELD, owner);
                }
                let text = if is_mine(&document) { text.to_owned() } else { format!("{SECRET}-{index}") };
                document.insert("s", text);
                document
            })
            .collect()
    })
}

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        4 => (0..4_i32).prop_map(Bson::from),
        1 => Just(Bson::from(ME)),
        1 => Just(Bson::from(OTHER)),
        1 => Just(Bson::from(my_oid())),
        1 => Just(Bson::from(other_oid())),
        1 => Just(Bson::Null),
        1 => Just(Bson::from("1")),
        1 => Just(bson!([ME, OTHER])),
        1 => Just(bson!({"b": 1})),
    ]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "n.b", "tags", "s", "k"]),
        2 => prop::sample::select(vec!["owner", "owner.x", "owner.0", "_id", "ownerx"]),
    ]
    .prop_map(str::to_owned)
}

/// Expressions that fail on some documents, that read everything, or that are forbidden.
fn expression() -> impl Strategy<Value = Bson> {
    prop_oneof![
        3 => (0..4_i32).prop_map(|n| bson!({"$gt": ["$a", n]})),
        2 => Just(bson!({"$gt": [{"$toInt": "$s"}, 0]})),
        2 => Just(bson!({"$cond": [{"$eq": ["$s", "x"]}, {"$divide": [1, 0]}, true]})),
        1 => Just(bson!({"$ne": ["$$ROOT.owner", ME]})),
        1 => Just(bson!({"$eq": ["$owner", OTHER]})),
        1 => Just(bson!({"$in": ["x", "$$USER_ROLES"]})),
        1 => Just(bson!({"$function": {"body": "function() { return true }", "args": [], "lang": "js"}})),
    ]
}

fn filter() -> impl Strategy<Value = Document> {
    let comparison = prop::sample::select(vec!["$eq", "$ne", "$gt", "$lt"]);
    let leaf = prop_oneof![
        2 => Just(doc! {}),
        4 => (field(), scalar()).prop_map(|(field, value)| doc! {field: value}),
        3 => (field(), comparison, scalar()).prop_map(|(field, operator, value)| doc! {field: {operator: value}}),
        1 => (field(), vec(scalar(), 0..3)).prop_map(|(field, values)| doc! {field: {"$in": values}}),
        1 => field().prop_map(|field| doc! {field: {"$exists": false}}),
        1 => field().prop_map(|field| doc! {field: {"$not": {"$eq": ME}}}),
        3 => expression().prop_map(|expression| doc! {"$expr": expression}),
        1 => Just(doc! {"$where": "true"}),
        1 => Just(doc! {"tags": {"$elemMatch": {"$gt": 0}}}),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        (prop::sample::select(vec!["$and", "$or", "$nor"]), vec(inner, 1..3)).prop_map(|(key, parts)| doc! {key: parts})
    })
}

fn change() -> impl Strategy<Value = Document> {
    let one = prop_oneof![
        4 => (field(), scalar()).prop_map(|(field, value)| ("$set", doc! {field: value})),
        2 => (field(), scalar()).prop_map(|(field, value)| ("$setOnInsert", doc! {field: value})),
        2 => field().prop_map(|field| ("$unset", doc! {field: ""})),
        2 => field().prop_map(|field| ("$inc", doc! {field: 1})),
        2 => (field(), field()).prop_map(|(from, to)| ("$rename", doc! {from: to})),
        2 => (field(), prop::sample::select(vec!["owner", "owner.x"])).prop_map(|(from, to)| ("$rename", doc! {from: to})),
        1 => (field(), scalar()).prop_map(|(field, value)| ("$max", doc! {field: value})),
        1 => (field(), scalar()).prop_map(|(field, value)| ("$min", doc! {field: value})),
        1 => (field(), scalar()).prop_map(|(field, value)| ("$push", doc! {field: value})),
        1 => (field(), scalar()).prop_map(|(field, value)| ("$pull", doc! {field: value})),
        // The time differs on the two sides, so this one is only tried where it is refused.
        1 => Just(("$currentDate", doc! {"owner": true})),
        1 => field().prop_map(|field| ("$bit", doc! {field: {"xor": 1}})),
        1 => Just(("$who", doc! {"a": 1})),
    ];
    vec(one, 1..3)
        .prop_map(|operators| operators.into_iter().map(|(name, fields)| (name.to_owned(), fields.into())).collect())
}

/// A document to insert or to replace with.
fn content() -> impl Strategy<Value = Document> {
    vec((field(), scalar()), 0..3)
        .prop_map(|fields| fields.into_iter().filter(|(name, _)| !name.contains('.')).collect())
}

fn update_stage() -> impl Strategy<Value = Document> {
    prop_oneof![
        3 => (field(), scalar()).prop_map(|(field, value)| doc! {"$set": {field: value}}),
        1 => field().prop_map(|field| doc! {"$set": {"k": format!("${field}")}}),
        1 => field().prop_map(|field| doc! {"$unset": field}),
        1 => field().prop_map(|field| doc! {"$project": {field: 0}}),
        1 => field().prop_map(|field| doc! {"$project": {field: 1}}),
        1 => Just(doc! {"$replaceWith": {"owner": OTHER}}),
        1 => Just(doc! {"$replaceRoot": {"newRoot": {"$mergeObjects": ["$$ROOT", {"owner": OTHER}]}}}),
        1 => Just(doc! {"$lookup": {"from": "users", "pipeline": [], "as": "k"}}),
    ]
}

fn read_stage() -> impl Strategy<Value = Document> {
    prop_oneof![
        4 => filter().prop_map(|filter| doc! {"$match": filter}),
        2 => Just(doc! {"$project": {"owner": 0}}),
        1 => Just(doc! {"$set": {"owner": ME, "z": "$s"}}),
        1 => Just(doc! {"$sort": {"s": 1, "_id": 1}}),
        1 => Just(doc! {"$unwind": "$tags"}),
        1 => Just(doc! {"$group": {"_id": "$a", "all": {"$push": "$$ROOT"}}}),
        1 => Just(doc! {"$replaceWith": {"owner": OTHER, "x": "$$ROOT"}}),
        1 => filter().prop_map(|filter| doc! {"$facet": {"f": [{"$match": filter}], "n": [{"$count": "n"}]}}),
        1 => Just(doc! {"$unionWith": "users"}),
        1 => Just(doc! {"$facet": {"f": [{"$lookup": {"from": "users", "pipeline": [], "as": "k"}}]}}),
        1 => Just(doc! {"$out": "users"}),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let natural = || prop_oneof![Just(doc! {}), Just(doc! {"hint": {"$natural": 1}})];
    let upsert = || prop_oneof![Just(doc! {}), Just(doc! {"upsert": true})];
    let new = || prop_oneof![Just(doc! {}), Just(doc! {"upsert": true, "returnNewDocument": true})];
    let by_id = || doc! {"sort": {"_id": 1}};
    prop_oneof![
        3 => (filter(), natural()).prop_map(|(query, options)| find(query, options)),
        1 => filter().prop_map(find_one),
        2 => filter().prop_map(count),
        2 => (field(), filter()).prop_map(|(field, query)| distinct(&field, query)),
        4 => vec(read_stage(), 0..4).prop_map(aggregate),
        2 => content().prop_map(insert),
        1 => vec(content(), 1..3).prop_map(|documents| insert_many(documents, doc! {})),
        4 => (filter(), change(), upsert()).prop_map(|(query, change, options)| update(query, change, options)),
        3 => (filter(), change(), upsert()).prop_map(|(query, change, options)| update_many(query, change, options)),
        1 => (filter(), content(), upsert()).prop_map(|(query, content, options)| update(query, content, options)),
        2 => (vec(update_stage(), 1..3), upsert()).prop_map(|(stages, options)| update_by(stages, options)),
        3 => (filter(), content(), upsert()).prop_map(|(query, content, options)| replace(query, content, options)),
        1 => filter().prop_map(delete),
        1 => filter().prop_map(delete_many),
        2 => (filter(), change(), new()).prop_map(|(query, change, options)| find_and_update(query, change, options)),
        1 => (filter(), content(), new()).prop_map(|(query, content, options)| find_and_replace(query, content, options)),
        1 => filter().prop_map(move |query| find_and_delete(query, by_id())),
    ]
}

/// The scope of the model: a collection of which everything is the caller's.
fn alone() -> Scope {
    Scope { collection: "alone".to_owned(), ..whole() }
}

/// What the two sides may differ in: the owner's field, which the host fills in, and generated ids.
fn essence(mut document: Document) -> String {
    document.remove(FIELD);
    if matches!(document.get("_id"), Some(Bson::ObjectId(_))) {
        document.remove("_id");
    }
    document.to_string()
}

fn essences(documents: impl IntoIterator<Item = Document>) -> Vec<String> {
    let mut essences: Vec<String> = documents.into_iter().map(essence).collect();
    essences.sort();
    essences
}

async fn fill(test: &TestDatabase, collection: &str, documents: &[Document]) {
    let collection = test.database.client().database("app").collection::<Document>(collection);
    collection.delete_many(doc! {}).await.unwrap();
    if !documents.is_empty() {
        collection.insert_many(documents).await.unwrap();
    }
}

/// Runs one operation on both sides and compares.
async fn step(test: &TestDatabase, act: Act) -> Result<bool, TestCaseError> {
    let operation = act.0.clone();
    let mut before = test.all().await;
    // Where an operation takes the first match, both sides must agree which one is first: by `_id` and by insertion.
    for (index, document) in before.iter_mut().enumerate() {
        document.insert("_id", i32::try_from(index).unwrap());
    }
    fill(test, "users", &before).await;
    let (mine_before, others_before): (Vec<_>, Vec<_>) = before.into_iter().partition(is_mine);
    fill(test, "alone", &mine_before).await;

    let outcome: Result<Vec<Document>, Failure> = answer(&test.collection(mine()), operation.clone()).await;
    let told = format!("{outcome:?}");
    prop_assert!(!told.contains(SECRET), "{act:?} told {told}");
    let (mine_after, others_after): (Vec<_>, Vec<_>) = test.all().await.into_iter().partition(is_mine);
    prop_assert_eq!(&others_before, &others_after, "{:?} changed or made documents outside the scope", act);

    let Ok(documents) = outcome else {
        return Ok(false);
    };
    let expected = answer(&test.collection(alone()), operation.clone()).await;
    let Ok(expected) = expected else {
        prop_assert!(false, "{act:?} fails on the caller's documents alone: {expected:?}");
        return Ok(true);
    };
    let is_write = !matches!(
        operation,
        Operation::Find { .. }
            | Operation::FindOne { .. }
            | Operation::Count { .. }
            | Operation::Distinct { .. }
            | Operation::Aggregate { .. }
    );
    let expected_after = test.all_of("alone").await;
    prop_assert_eq!(essences(mine_after), essences(expected_after), "after {:?}", act);
    if is_write {
        return Ok(true);
    }
    prop_assert_eq!(essences(documents), essences(expected), "the answer to {:?}", act);
    Ok(true)
}

#[test]
fn a_part_of_a_collection_behaves_as_a_collection_of_its_own() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let test = runtime.block_on(TestDatabase::start());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let (passed, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = runner.run(&(population(), vec(operation().prop_map(Act), 1..16)), |(documents, operations)| {
        runtime.block_on(async {
            fill(&test, "users", &documents).await;
            for operation in operations {
                let counter = if step(&test, operation).await? { &passed } else { &refused };
                counter.set(counter.get() + 1);
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Otherwise the generators have drifted into saying only nonsense, or nothing hostile.
    assert!(passed.get() > 2 * cases, "only {} operations passed, {} were refused", passed.get(), refused.get());
    assert!(refused.get() > cases, "{} operations passed, only {} were refused", passed.get(), refused.get());
}
