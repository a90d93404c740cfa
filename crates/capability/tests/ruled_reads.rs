//! Reads under rules, against a real database.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use bson::{Bson, Document, doc};
use serde_json::json;
use support::ruled::*;
use support::*;
use usher_capability::RuledCollection;
use usher_contract::{ErrorCode, Operation, limits};
use usher_rules::Rules;

fn people() -> [Document; 5] {
    [
        doc! {"_id": 1, "owner": ME, "a": 3, "tags": ["x", "y"]},
        doc! {"_id": 2, "owner": OTHER, "a": 1, "tags": ["hunter2"]},
        doc! {"_id": 3, "owner": ME, "a": 2, "tags": "x"},
        doc! {"_id": 4, "owner": OTHER, "a": 4, "n": {"b": 1}},
        doc! {"_id": 5, "owner": ME, "a": 1, "n": {"b": 2}},
    ]
}

async fn ids(collection: &RuledCollection, operation: Operation) -> Vec<i32> {
    answer(collection, operation).await.unwrap().iter().map(|it| it.get_i32("_id").unwrap()).collect()
}

async fn values(collection: &RuledCollection, field: &str, filter: Document) -> Vec<Bson> {
    let mut values: Vec<Bson> =
        document(collection, distinct(field, filter)).await.unwrap().unwrap().into_iter().map(|(_, it)| it).collect();
    values.sort_by_key(ToString::to_string);
    values
}

fn count_with(filter: Document, options: Document) -> Operation {
    Operation::Count { filter: bytes(filter), options: bytes(options) }
}

/// The same whether the database decides or the host has to.
#[tokio::test]
async fn everybody_sees_their_own() {
    let test = TestDatabase::start().await;
    test.holds(people()).await;
    for rules in [owners(), owner_role(), owners_by_function()] {
        let mine = test.ruled(rules);
        let by_a = || doc! {"sort": {"a": 1}};
        assert_eq!(ids(&mine, find(doc! {}, by_a())).await, [5, 3, 1]);
        assert_eq!(ids(&mine, find(doc! {"a": {"$gt": 1}}, by_a())).await, [3, 1]);
        assert_eq!(ids(&mine, find(doc! {"$or": [{"a": 4}, {"owner": OTHER}]}, doc! {})).await, [0; 0]);
        let page = doc! {"sort": {"a": -1}, "skip": 1, "limit": 1};
        assert_eq!(ids(&mine, find(doc! {}, page)).await, [3], "skip and limit count visible documents");
        let projected = doc! {"sort": {"a": 1}, "projection": {"a": 1, "_id": 0}, "limit": 2};
        assert_eq!(answer(&mine, find(doc! {}, projected)).await.unwrap(), [doc! {"a": 1}, doc! {"a": 2}]);
        assert_eq!(document(&mine, find_one(doc! {"_id": 2})).await.unwrap(), None);
        assert_eq!(document(&mine, find_one(doc! {"a": 3})).await.unwrap(), Some(people()[0].clone()));

        assert_eq!(answer(&mine, count(doc! {})).await.unwrap(), [doc! {"n": 3_i64}]);
        assert_eq!(answer(&mine, count(doc! {"a": 1})).await.unwrap(), [doc! {"n": 1_i64}]);
        let counted = answer(&mine, count_with(doc! {}, doc! {"skip": 1, "limit": 1})).await.unwrap();
        assert_eq!(counted, [doc! {"n": 1_i64}]);

        assert_eq!(values(&mine, "tags", doc! {}).await, ["x".into(), Bson::from("y")]);
        assert_eq!(values(&mine, "n.b", doc! {}).await, [Bson::from(2)]);
        assert_eq!(values(&mine, "a", doc! {"a": {"$gt": 1}}).await, [Bson::from(2), Bson::from(3)]);
        assert_eq!(values(&mine, "_id", doc! {"a": 4}).await, [] as [Bson; 0]);

        let summed = [doc! {"$match": {"a": {"$lt": 3}}}, doc! {"$group": {"_id": null, "sum": {"$sum": "$a"}}}];
        assert_eq!(answer(&mine, aggregate(summed)).await.unwrap(), [doc! {"_id": null, "sum": 3}]);
        assert_eq!(ids(&mine, aggregate([doc! {"$sort": {"_id": -1}}])).await, [5, 3, 1]);
    }
}

#[tokio::test]
async fn without_a_role_there_is_nothing() {
    let test = TestDatabase::start().await;
    test.holds(people()).await;
    let nobody = test.ruled(rules(json!([{"name": "no", "apply_when": {"%%user.id": "somebody"}, "read": true}])));
    assert!(answer(&nobody, find(doc! {}, doc! {})).await.unwrap().is_empty());
    assert_eq!(document(&nobody, find_one(doc! {})).await.unwrap(), None);
    assert_eq!(answer(&nobody, count(doc! {})).await.unwrap(), [doc! {"n": 0_i64}]);
    assert_eq!(values(&nobody, "a", doc! {}).await, [] as [Bson; 0]);
    assert!(answer(&nobody, aggregate([doc! {"$count": "n"}])).await.unwrap().is_empty());
    // What is wrong with a question is said all the same.
    let failure = answer(&nobody, find(doc! {"$who": 1}, doc! {})).await.unwrap_err();
    assert!(failure.message.contains("unknown top level operator: $who"), "{failure}");
}

/// The first role that applies decides, for each document.
#[tokio::test]
async fn roles_are_tried_in_turn() {
    let test = TestDatabase::start().await;
    test.holds(people()).await;
    let chain = || {
        rules(json!([
            {"name": "closed", "apply_when": {"a": 3}, "read": false, "write": false},
            {"name": "owner", "apply_when": {"owner": "%%user.id"}, "read": true, "write": true},
            {"name": "public", "apply_when": {}, "fields": {"a": {"read": true}, "owner": {"read": true}}},
        ]))
    };
    let all = test.ruled(chain());
    let sorted = || doc! {"sort": {"_id": 1}};
    let found = answer(&all, find(doc! {}, sorted())).await.unwrap();
    assert_eq!(
        found,
        [
            doc! {"_id": 2, "owner": OTHER, "a": 1},
            doc! {"_id": 3, "owner": ME, "a": 2, "tags": "x"},
            doc! {"_id": 4, "owner": OTHER, "a": 4},
            doc! {"_id": 5, "owner": ME, "a": 1, "n": {"b": 2}},
        ]
    );
    // A document takes part only where the field that is named may be read.
    assert_eq!(ids(&all, find(doc! {"n.b": {"$gte": 1}}, sorted())).await, [5]);
    assert_eq!(ids(&all, find(doc! {"tags": {"$exists": false}}, sorted())).await, [5]);
    assert_eq!(ids(&all, find(doc! {}, doc! {"sort": {"n.b": 1}})).await, [3, 5]);
    assert_eq!(answer(&all, count(doc! {"n": {"$exists": true}})).await.unwrap(), [doc! {"n": 1_i64}]);
    assert_eq!(values(&all, "tags", doc! {}).await, [Bson::from("x")]);
    assert_eq!(values(&all, "a", doc! {}).await, [Bson::from(1), Bson::from(2), Bson::from(4)]);
}

fn directory() -> Arc<Rules> {
    rules(json!([{
        "name": "anybody", "apply_when": {},
        "fields": {"name": {"read": true, "write": true}, "address": {"fields": {"city": {"read": true}}}},
    }]))
}

fn entries() -> [Document; 3] {
    [
        doc! {"_id": 1, "name": "ann", "salary": 30, "address": {"city": "Ulm", "street": "hunter2"}},
        doc! {"_id": 2, "name": "bob", "salary": 10, "address": [{"city": "Bonn", "street": "hunter2"}]},
        doc! {"_id": 3, "name": "cid", "salary": 20},
    ]
}

#[tokio::test]
async fn hidden_fields_stay_hidden() {
    let test = TestDatabase::start().await;
    test.holds(entries()).await;
    let all = test.ruled(directory());
    let sorted = |projection: Document| doc! {"sort": {"name": 1}, "projection": projection};
    let found = answer(&all, find(doc! {}, doc! {"sort": {"name": -1}})).await.unwrap();
    assert_eq!(found[0], doc! {"_id": 3, "name": "cid"});
    assert_eq!(found[2], doc! {"_id": 1, "name": "ann", "address": {"city": "Ulm"}});

    // The caller's projection comes after the rules'.
    let only = answer(&all, find(doc! {}, sorted(doc! {"salary": 1, "name": 1, "_id": 0}))).await.unwrap();
    assert_eq!(only, [doc! {"name": "ann"}, doc! {"name": "bob"}, doc! {"name": "cid"}]);
    let without = answer(&all, find(doc! {"_id": 1}, sorted(doc! {"address.city": 0}))).await.unwrap();
    assert_eq!(without, [doc! {"_id": 1, "name": "ann", "address": {}}]);
    let failure = answer(&all, find(doc! {}, sorted(doc! {"x": "$salary"}))).await.unwrap_err();
    assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains("`x`"), "{failure}");

    // Nothing can be found out by a hidden field.
    for filter in [
        doc! {"salary": 30},
        doc! {"salary": {"$exists": true}},
        doc! {"salary": {"$not": {"$gt": 15}}},
        doc! {"$nor": [{"salary": 30}]},
        doc! {"address.street": "hunter2"},
        doc! {"address": {"$elemMatch": {"street": "hunter2"}}},
        doc! {"address": {"city": "Ulm", "street": "hunter2"}},
        doc! {"address.0.street": "hunter2"},
        doc! {"address": {"$type": "array"}},
    ] {
        assert_eq!(answer(&all, count(filter.clone())).await.unwrap(), [doc! {"n": 0_i64}], "{filter}");
        assert!(answer(&all, find(filter.clone(), doc! {})).await.unwrap().is_empty(), "{filter}");
        assert!(values(&all, "name", filter.clone()).await.is_empty(), "{filter}");
        let matched = answer(&all, aggregate([doc! {"$match": filter.clone()}])).await.unwrap();
        assert!(!format!("{matched:?}").contains("hunter2"), "{filter}: {matched:?}");
    }
    assert_eq!(ids(&all, find(doc! {"address.city": "Bonn"}, doc! {})).await, [2]);
    assert!(answer(&all, find(doc! {}, doc! {"sort": {"salary": 1}})).await.unwrap().is_empty());
    assert!(values(&all, "salary", doc! {}).await.is_empty());
    assert!(values(&all, "address", doc! {}).await.is_empty());
    let top = answer(&all, aggregate([doc! {"$group": {"_id": null, "top": {"$max": "$salary"}}}])).await.unwrap();
    assert_eq!(top, [doc! {"_id": null, "top": null}]);
    let whole = answer(&all, aggregate([doc! {"$sort": {"salary": 1, "_id": 1}}, doc! {"$set": {"x": "$$ROOT"}}]));
    let whole = whole.await.unwrap();
    assert_eq!(whole[0].get_document("x").unwrap().get("salary"), None);
    assert_eq!(whole.iter().map(|it| it.get_i32("_id").unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
}

/// An index that holds a hidden field must not tell its order.
#[tokio::test]
async fn no_order_comes_from_an_index() {
    let test = TestDatabase::start().await;
    test.holds((0..30).map(|n| doc! {"_id": n, "name": "x", "salary": (n * 7) % 30})).await;
    let index = mongodb::IndexModel::builder().keys(doc! {"name": 1, "salary": 1}).build();
    test.raw().create_index(index).await.unwrap();
    let all = test.ruled(directory());
    let expected: Vec<i32> = (0..30).collect();
    assert_eq!(ids(&all, find(doc! {"name": "x"}, doc! {})).await, expected);
    assert_eq!(ids(&all, find(doc! {"name": "x"}, doc! {"sort": {"name": 1}})).await, expected);
    assert_eq!(ids(&all, aggregate([doc! {"$match": {"name": "x"}}, doc! {"$limit": 3}])).await, [0, 1, 2]);
    assert_eq!(ids(&all, find_one(doc! {"name": "x"})).await, [0]);
}

#[tokio::test]
async fn what_depends_on_more_than_it_names_is_refused() {
    let test = TestDatabase::start().await;
    test.holds(entries()).await;
    let open = test.ruled(open());
    let fields = test.ruled(directory());
    let expr = || doc! {"$expr": {"$gt": ["$salary", 15]}};
    for (name, operation) in [
        ("$expr", find(expr(), doc! {})),
        ("$expr", count(doc! {"$or": [expr()]})),
        ("$expr", update(expr(), doc! {"$set": {"name": "x"}}, doc! {})),
        ("$expr", aggregate([doc! {"$match": expr()}])),
        ("$text", find(doc! {"$text": {"$search": "x"}}, doc! {})),
        ("$jsonSchema", find(doc! {"$jsonSchema": {"required": ["salary"]}}, doc! {})),
        ("$where", find(doc! {"$where": "true"}, doc! {})),
        ("hint", find(doc! {}, doc! {"hint": {"salary": 1}})),
        ("collation", find(doc! {}, doc! {"collation": {"locale": "en", "strength": 1}})),
        ("$facet", aggregate([doc! {"$facet": {"x": []}}])),
        ("$geoNear", aggregate([doc! {"$geoNear": {"near": [0, 0], "distanceField": "d"}}])),
        ("$lookup", aggregate([doc! {"$lookup": {"from": "users", "pipeline": [], "as": "x"}}])),
        ("$unionWith", aggregate([doc! {"$unionWith": "users"}])),
        (
            "$graphLookup",
            aggregate([
                doc! {"$graphLookup": {"from": "users", "startWith": "$a", "connectFromField": "a", "connectToField": "b", "as": "x"}},
            ]),
        ),
        ("$merge", aggregate([doc! {"$merge": "users"}])),
        ("$out", aggregate([doc! {"$out": "users"}])),
        ("$collStats", aggregate([doc! {"$collStats": {"count": {}}}])),
        ("$indexStats", aggregate([doc! {"$indexStats": {}}])),
        ("$search", aggregate([doc! {"$search": {}}])),
    ] {
        for collection in [&open, &fields] {
            let failure = answer(collection, operation.clone()).await.unwrap_err();
            assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains(name), "{name}: {failure}");
        }
    }
    let keys = aggregate([doc! {"$set": {"x": [{"$meta": "indexKey"}]}}]);
    let failure = answer(&fields, keys).await.unwrap_err();
    assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains("$meta"), "{failure}");
}

#[tokio::test]
async fn errors_of_the_database_keep_to_themselves_what_is_hidden() {
    let test = TestDatabase::start().await;
    test.holds(entries()).await;
    let index = mongodb::IndexModel::builder()
        .keys(doc! {"salary": 1})
        .options(mongodb::options::IndexOptions::builder().unique(true).build())
        .build();
    let converts = || aggregate([doc! {"$set": {"x": {"$toInt": "$name"}}}]);
    let told = answer(&test.ruled(open()), converts()).await.unwrap_err();
    assert!(told.is(ErrorCode::MongoDBError), "{told}");
    let all = test.ruled(directory());
    let veiled = answer(&all, converts()).await.unwrap_err();
    assert!(veiled.is(ErrorCode::MongoDBError) && !veiled.message.contains("ann"), "{veiled}");

    test.raw().create_index(index).await.unwrap();

    let inserting = rules(json!([{"name": "w", "apply_when": {"name": "dan"}, "read": true, "write": true}]));
    let failure = answer(&test.ruled(inserting), insert(doc! {"name": "dan", "salary": 30})).await.unwrap_err();
    assert_eq!(failure.message, "(DuplicateKey) Duplicate key error");
    let failure = answer(&test.ruled(open()), insert(doc! {"name": "dan", "salary": 30})).await.unwrap_err();
    assert!(failure.message.starts_with("(DuplicateKey) Duplicate key error: "), "{failure}");
}

#[tokio::test]
async fn filters_narrow_queries_and_answers() {
    let test = TestDatabase::start().await;
    test.holds(people()).await;
    let filtered = compiled(&json!({
        "roles": [{"name": "all", "apply_when": {}, "read": true, "write": true}],
        "filters": [
            {"name": "mine", "apply_when": {}, "query": {"owner": "%%user.id"}},
            {"name": "short", "apply_when": {"%%user.custom_data.team": "red"}, "projection": {"owner": 0, "tags": 0}},
        ],
    }));
    let mine = test.ruled(filtered);
    let found = answer(&mine, find(doc! {}, doc! {"sort": {"a": 1}})).await.unwrap();
    assert_eq!(found, [doc! {"_id": 5, "a": 1, "n": {"b": 2}}, doc! {"_id": 3, "a": 2}, doc! {"_id": 1, "a": 3}]);
    assert_eq!(answer(&mine, count(doc! {})).await.unwrap(), [doc! {"n": 3_i64}]);
    assert_eq!(
        answer(&mine, count(doc! {"tags": "x"})).await.unwrap(),
        [doc! {"n": 0_i64}],
        "what is left out is hidden"
    );
    let found = answer(&mine, aggregate([doc! {"$match": {"_id": 3}}])).await.unwrap();
    assert_eq!(found, [doc! {"_id": 3, "a": 2}]);
    let changed = document(&mine, update_many(doc! {}, doc! {"$inc": {"a": 1}}, doc! {})).await.unwrap().unwrap();
    assert_eq!(changed, doc! {"matchedCount": 3, "modifiedCount": 3});
    let options = doc! {"returnNewDocument": true};
    let after = document(&mine, find_and_update(doc! {"_id": 3}, doc! {"$inc": {"a": 1}}, options)).await.unwrap();
    assert_eq!(after, Some(doc! {"_id": 3, "a": 4}));
    assert_eq!(document(&mine, delete(doc! {"_id": 2})).await.unwrap(), Some(doc! {"deletedCount": 0}));
}

#[tokio::test]
async fn host_decided_results_go_over_many_batches() {
    let test = TestDatabase::start().await;
    let owner = |n| if n % 3 == 0 { ME } else { OTHER };
    test.holds((0..1000).map(|n| doc! {"_id": n, "owner": owner(n)})).await;
    let mine = test.ruled(owners_by_function());
    let expected: Vec<i32> = (0..1000).filter(|n| n % 3 == 0).collect();
    let sorted = || doc! {"sort": {"_id": 1}};
    assert_eq!(ids(&mine, find(doc! {}, sorted())).await, expected);
    let page = doc! {"sort": {"_id": 1}, "skip": 200, "limit": 120};
    assert_eq!(ids(&mine, find(doc! {}, page)).await, expected[200..320]);
    assert_eq!(ids(&mine, aggregate([doc! {"$sort": {"_id": 1}}, doc! {"$skip": 300}])).await, expected[300..]);
    assert_eq!(answer(&mine, count(doc! {"_id": {"$lt": 500}})).await.unwrap(), [doc! {"n": 167_i64}]);
}

/// A function is asked once for the same arguments in one operation, and anew in the next.
#[tokio::test]
async fn no_function_is_asked_twice_the_same() {
    let test = TestDatabase::start().await;
    test.holds((0..300).map(|n| doc! {"_id": n, "owner": if n % 3 == 0 { ME } else { OTHER }})).await;
    let (ruling, calls) = counted(owners_by_function(), None);
    let mine = RuledCollection::new(test.context(), whole(), ruling);
    let asked = |calls: &std::sync::atomic::AtomicUsize| calls.swap(0, std::sync::atomic::Ordering::Relaxed);
    for operation in [
        find(doc! {}, doc! {"sort": {"_id": 1}}),
        count(doc! {}),
        aggregate([doc! {"$count": "n"}]),
        update_many(doc! {"_id": {"$lt": 99}}, doc! {"$set": {"a": 1}}, doc! {}),
        delete_many(doc! {"_id": {"$lt": 99}}),
    ] {
        answer(&mine, operation.clone()).await.unwrap();
        assert_eq!(asked(&calls), 2, "of two owners: {:?}", Act(operation));
    }
}

#[tokio::test]
async fn the_host_decides_about_so_many_and_no_more() {
    let test = TestDatabase::start().await;
    let most = i32::try_from(limits::QUERY_DOCUMENTS).unwrap();
    test.holds((0..=most).map(|n| doc! {"_id": n, "owner": if n < 10 { ME } else { OTHER }})).await;
    let mine = test.ruled(owners_by_function());
    let sorted = |limit: i32| doc! {"sort": {"_id": 1}, "limit": limit};
    assert_eq!(ids(&mine, find(doc! {}, sorted(10))).await, (0..10).collect::<Vec<_>>(), "enough was found before");
    for operation in
        [find(doc! {}, sorted(11)), count(doc! {}), distinct("owner", doc! {}), aggregate([doc! {"$count": "n"}])]
    {
        let failure = answer(&mine, operation).await.unwrap_err();
        assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains("50000"), "{failure}");
    }
    assert_eq!(answer(&mine, count(doc! {"_id": {"$lt": 99}})).await.unwrap(), [doc! {"n": 10_i64}]);

    // The same for writes that ask about each document; none of them is changed.
    let same = json!({"%function": {"name": "same", "arguments": ["%%root.owner", "%%prevRoot.owner"]}});
    let everybody = json!({"read": true, "write": {"%%true": same}});
    let all =
        test.ruled(rules(json!([{"name": "all", "apply_when": {}, "document_filters": everybody, "write": true}])));
    for operation in [update_many(doc! {}, doc! {"$set": {"x": 1}}, doc! {}), delete_many(doc! {})] {
        let failure = answer(&all, operation).await.unwrap_err();
        assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains("10000"), "{failure}");
    }
    assert_eq!(answer(&all, count(doc! {"x": {"$exists": false}})).await.unwrap(), [doc! {"n": i64::from(most) + 1}]);
    let few = update_many(doc! {"_id": {"$lt": 20}}, doc! {"$set": {"x": 1}}, doc! {});
    let changed = document(&all, few).await.unwrap().unwrap();
    assert_eq!(changed, doc! {"matchedCount": 20, "modifiedCount": 20});
}
