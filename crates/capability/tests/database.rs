//! Every operation against a real database: the shape of its answer, and what becomes of the documents.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::cell::Cell;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{Bson, Document, bson, doc};
use support::*;
use usher_capability::{Context, Other, Scope, ScopedCollection};
use usher_contract::{Collection, ErrorCode, Failure, Operation, Operations, Reply, value};
use usher_database::{DatabaseError, Transient};

fn oid(id: &str) -> ObjectId {
    ObjectId::parse_str(id).unwrap()
}

async fn one(collection: &ScopedCollection, operation: Operation) -> Document {
    document(collection, operation).await.unwrap().expect("a document")
}

#[tokio::test]
async fn answers_have_the_shapes_of_the_contract() {
    let test = TestDatabase::start().await;
    let all = test.collection(whole());

    let inserted = one(&all, insert(doc! {"a": 1})).await;
    assert!(matches!(inserted.get("insertedId"), Some(Bson::ObjectId(_))), "{inserted}");
    assert_eq!(inserted.len(), 1);
    let stored = &test.all().await[0];
    assert_eq!(stored.keys().collect::<Vec<_>>(), ["_id", "a"], "the host's _id comes first");
    assert_eq!(stored.get("_id"), inserted.get("insertedId"));

    assert_eq!(one(&all, insert(doc! {"a": 2, "_id": "two"})).await, doc! {"insertedId": "two"});
    let many = one(&all, insert_many([doc! {"_id": 3, "a": 3}, doc! {"_id": 4_i64, "a": 3}], doc! {})).await;
    assert_eq!(many, doc! {"insertedIds": [3, 4_i64]});

    assert_eq!(one(&all, find_one(doc! {"a": 2})).await, doc! {"_id": "two", "a": 2});
    assert_eq!(document(&all, find_one(doc! {"a": 99})).await.unwrap(), None);
    assert_eq!(answer(&all, count(doc! {"a": 3})).await.unwrap(), [doc! {"n": 2_i64}]);
    assert_eq!(answer(&all, count(doc! {"a": 99})).await.unwrap(), [doc! {"n": 0_i64}]);
    let skipped = Operation::Count { filter: bytes(doc! {}), options: bytes(doc! {"skip": 1, "limit": 2}) };
    assert_eq!(answer(&all, skipped).await.unwrap(), [doc! {"n": 2_i64}]);
    let Reply::Document(Some(values)) = all.execute(distinct("a", doc! {"a": {"$gt": 1}})).await.unwrap() else {
        panic!("no values");
    };
    assert_eq!(value::array(&values).unwrap().len(), 2);

    let changed = one(&all, update(doc! {"a": 2}, doc! {"$set": {"b": 1}}, doc! {})).await;
    assert_eq!(changed, doc! {"matchedCount": 1, "modifiedCount": 1});
    let unchanged = one(&all, update(doc! {"a": 2}, doc! {"$set": {"b": 1}}, doc! {})).await;
    assert_eq!(unchanged, doc! {"matchedCount": 1, "modifiedCount": 0});
    let both = one(&all, update_many(doc! {"a": 3}, doc! {"$inc": {"a": 1}}, doc! {})).await;
    assert_eq!(both, doc! {"matchedCount": 2, "modifiedCount": 2});
    let upserted = one(&all, update(doc! {"_id": "new"}, doc! {"$set": {"a": 9}}, doc! {"upsert": true})).await;
    assert_eq!(upserted, doc! {"matchedCount": 0, "modifiedCount": 0, "upsertedId": "new"});
    let replaced = one(&all, replace(doc! {"_id": "new"}, doc! {"c": 1}, doc! {})).await;
    assert_eq!(replaced, doc! {"matchedCount": 1, "modifiedCount": 1});
    assert_eq!(one(&all, find_one(doc! {"_id": "new"})).await, doc! {"_id": "new", "c": 1});
    let plain = one(&all, update(doc! {"_id": "new"}, doc! {"d": 1}, doc! {})).await;
    assert_eq!(plain, doc! {"matchedCount": 1, "modifiedCount": 1});
    assert_eq!(one(&all, find_one(doc! {"_id": "new"})).await, doc! {"_id": "new", "d": 1});

    let before = one(&all, find_and_update(doc! {"_id": "new"}, doc! {"$set": {"d": 2}}, doc! {})).await;
    assert_eq!(before, doc! {"_id": "new", "d": 1});
    let options = doc! {"returnNewDocument": true, "projection": {"_id": 0}};
    let after = one(&all, find_and_replace(doc! {"_id": "new"}, doc! {"e": 1}, options)).await;
    assert_eq!(after, doc! {"e": 1});
    assert_eq!(
        document(&all, find_and_update(doc! {"_id": "no"}, doc! {"$set": {"d": 2}}, doc! {})).await.unwrap(),
        None
    );
    assert_eq!(one(&all, find_and_delete(doc! {"_id": "new"}, doc! {})).await, doc! {"_id": "new", "e": 1});
    assert_eq!(document(&all, find_and_delete(doc! {"_id": "new"}, doc! {})).await.unwrap(), None);

    assert_eq!(one(&all, delete(doc! {"a": 4})).await, doc! {"deletedCount": 1});
    assert_eq!(one(&all, delete_many(doc! {})).await, doc! {"deletedCount": 3});
}

#[tokio::test]
async fn every_bson_type_comes_back_as_it_went() {
    let test = TestDatabase::start().await;
    let all = test.collection(whole());
    let zoo = doc! {
        "_id": 1, "double": 1.0, "text": "x", "binary": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1] },
        "oid": ObjectId::new(), "bool": true, "date": bson::DateTime::from_millis(1), "null": null, "int": 1, "long": 1_i64,
        "timestamp": bson::Timestamp { time: 1, increment: 2 }, "decimal": "1.5".parse::<bson::Decimal128>().unwrap(),
        "min": Bson::MinKey, "max": Bson::MaxKey, "code": Bson::JavaScriptCode("x".into()), "list": [1, [2]],
    };
    one(&all, insert(zoo.clone())).await;
    assert_eq!(one(&all, find_one(doc! {})).await, zoo);
    assert_eq!(answer(&all, find(doc! {}, doc! {})).await.unwrap(), std::slice::from_ref(&zoo));
    assert_eq!(one(&all, find_and_delete(doc! {}, doc! {})).await, zoo);
}

#[tokio::test]
async fn cursors_go_over_many_batches_and_stop_at_the_limit() {
    let test = TestDatabase::start().await;
    let all = test.collection(whole());
    one(&all, insert_many((0..350).map(|n| doc! {"_id": n}), doc! {})).await;

    let Reply::Cursor(mut cursor) = all.execute(find(doc! {}, doc! {"sort": {"_id": 1}})).await.unwrap() else {
        panic!("no cursor");
    };
    let mut sizes = Vec::new();
    loop {
        let batch = cursor.next_batch().await.unwrap();
        if batch.is_empty() {
            break;
        }
        sizes.push(value::batch(&batch).unwrap().len());
    }
    assert_eq!(sizes, [101, 101, 101, 47]);
    assert!(cursor.next_batch().await.unwrap().is_empty(), "an exhausted cursor stays so");

    let found =
        answer(&all, find(doc! {}, doc! {"batchSize": 7, "limit": 20, "skip": 5, "sort": {"_id": 1}})).await.unwrap();
    assert_eq!(found, (5..25).map(|n| doc! {"_id": n}).collect::<Vec<_>>());
    let pipeline = [doc! {"$match": {"_id": {"$gte": 100}}}, doc! {"$sort": {"_id": 1}}];
    assert_eq!(answer(&all, aggregate(pipeline)).await.unwrap().len(), 250);

    let flood = [doc! {"$limit": 1}, doc! {"$set": {"a": {"$range": [0, 50_001]}}}, doc! {"$unwind": "$a"}];
    let failure = answer(&all, aggregate(flood)).await.unwrap_err();
    assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains("50000 documents"), "{failure}");
}

#[tokio::test]
async fn a_part_of_a_collection_is_all_there_is() {
    let test = TestDatabase::start().await;
    test.raw()
        .insert_many([
            doc! {"_id": 1, "owner": ME, "a": 1},
            doc! {"_id": 2, "owner": oid(ME), "a": 2},
            doc! {"_id": 3, "owner": OTHER, "a": 1, "secret": "hunter2"},
            doc! {"_id": 4, "a": 1, "secret": "hunter2"},
        ])
        .await
        .unwrap();
    let others = || async { test.all().await.into_iter().filter(|it| it.contains_key("secret")).collect::<Vec<_>>() };
    let before = others().await;
    let mine = test.collection(mine());

    assert_eq!(answer(&mine, find(doc! {}, doc! {})).await.unwrap().len(), 2);
    assert_eq!(answer(&mine, find(doc! {"$or": [{"a": 1}, {"owner": OTHER}]}, doc! {})).await.unwrap().len(), 1);
    assert_eq!(answer(&mine, count(doc! {})).await.unwrap(), [doc! {"n": 2_i64}]);
    assert_eq!(answer(&mine, aggregate([])).await.unwrap().len(), 2);
    assert_eq!(one(&mine, distinct("secret", doc! {})).await, doc! {});
    assert_eq!(document(&mine, find_one(doc! {"_id": 3})).await.unwrap(), None);
    assert_eq!(
        one(&mine, update_many(doc! {}, doc! {"$set": {"b": 1}}, doc! {})).await.get("matchedCount"),
        Some(&Bson::Int32(2))
    );
    assert_eq!(document(&mine, find_and_delete(doc! {"_id": 3}, doc! {})).await.unwrap(), None);

    // Replacing keeps the document inside, also where it is stored in the other form.
    one(&mine, replace(doc! {"_id": 2}, doc! {"a": 5}, doc! {})).await;
    assert_eq!(one(&mine, find_one(doc! {"_id": 2})).await, doc! {"_id": 2, "a": 5, "owner": ME});
    one(&mine, insert(doc! {"_id": 6})).await;
    assert_eq!(one(&mine, find_one(doc! {"_id": 6})).await, doc! {"_id": 6, "owner": ME});

    assert_eq!(one(&mine, delete_many(doc! {})).await, doc! {"deletedCount": 3});
    assert_eq!(others().await, before);
}

/// An expression that fails says on which value; it must never be evaluated on another's document.
#[tokio::test]
async fn errors_tell_nothing_of_other_documents() {
    let test = TestDatabase::start().await;
    test.raw()
        .insert_many([
            doc! {"_id": 1, "owner": OTHER, "x": 1, "secret": "hunter2"},
            doc! {"_id": 2, "owner": ME, "x": 1, "secret": "7"},
        ])
        .await
        .unwrap();
    let mine = test.collection(mine());
    let failing = || doc! {"$or": [{"$expr": {"$gt": [{"$toInt": "$secret"}, 0]}}, {"x": 2}]};
    let natural = || doc! {"hint": {"$natural": 1}};
    let operations = [
        find(failing(), doc! {}),
        find(failing(), natural()),
        find(doc! {"$nor": [{"$and": [failing()]}]}, natural()),
        count(failing()),
        distinct("secret", failing()),
        aggregate([doc! {"$match": failing()}]),
        aggregate([doc! {"$set": {"y": 1}}, doc! {"$match": failing()}]),
        aggregate([doc! {"$sort": {"secret": 1}}, doc! {"$match": failing()}]),
        aggregate([doc! {"$facet": {"x": [{"$match": failing()}]}}]),
        update_many(failing(), doc! {"$set": {"seen": 1}}, doc! {}),
        find_and_update(failing(), doc! {"$set": {"seen": 1}}, doc! {}),
        delete(doc! {"$and": [failing(), {"x": 3}]}),
    ];
    for operation in operations {
        let told = format!("{operation:?}");
        match answer(&mine, operation).await {
            Ok(documents) => assert!(!format!("{documents:?}").contains("hunter2"), "{told}: {documents:?}"),
            Err(failure) => panic!("{told} was evaluated outside the scope: {failure}"),
        }
    }
    // The expressions do work on one's own documents.
    assert_eq!(answer(&mine, count(failing())).await.unwrap(), [doc! {"n": 1_i64}]);
}

#[tokio::test]
async fn upserts_stay_inside() {
    let test = TestDatabase::start().await;
    let upsert = || doc! {"upsert": true};
    let set = || doc! {"$set": {"a": 1}};
    let both = mine();
    let mut single = mine();
    single.rows.as_mut().unwrap().values.truncate(1);
    for scope in [both, single] {
        let mine = test.collection(scope);
        let operations = [
            update(doc! {"k": 1}, set(), upsert()),
            update(doc! {"owner": ME, "k": 2}, set(), upsert()),
            update(doc! {"k": 3}, doc! {"$setOnInsert": {"b": 1}, "$inc": {"c": 1}}, upsert()),
            update(doc! {"k": 4}, doc! {"$set": {"owner": ME, "a": 1}}, upsert()),
            update(doc! {"k": 5}, doc! {"$setOnInsert": {"owner": ME}}, upsert()),
            update_many(doc! {"k": 6}, set(), upsert()),
            replace(doc! {"k": 7}, doc! {"a": 1}, upsert()),
            replace(doc! {"owner": ME, "k": 8}, doc! {"a": 1}, upsert()),
            find_and_update(doc! {"k": 9}, set(), upsert()),
            find_and_replace(doc! {"k": 10}, doc! {"a": 1}, upsert()),
            update(doc! {"k": 11}, doc! {"a": 1}, upsert()),
        ];
        let number = operations.len();
        for operation in operations {
            let told = format!("{operation:?}");
            answer(&mine, operation).await.unwrap_or_else(|failure| panic!("{told}: {failure}"));
        }
        let all = test.all().await;
        assert_eq!(all.len(), number, "{all:?}");
        assert!(all.iter().all(|it| it.get("owner") == Some(&ME.into())), "{all:?}");
        test.raw().delete_many(doc! {}).await.unwrap();
    }
}

#[tokio::test]
async fn the_user_id_may_be_the_document_s_own_id() {
    let test = TestDatabase::start().await;
    test.raw().insert_one(doc! {"_id": OTHER, "a": 0}).await.unwrap();
    let mine = test.collection(rows_of("_id", ME));
    let upsert = || doc! {"upsert": true};
    let makers = [
        insert(doc! {"a": 1}),
        insert(doc! {"_id": ME, "a": 1}),
        update(doc! {}, doc! {"$set": {"a": 1}}, upsert()),
        update(doc! {"_id": ME}, doc! {"$set": {"a": 1}}, upsert()),
        replace(doc! {}, doc! {"a": 1}, upsert()),
        replace(doc! {"_id": ME}, doc! {"_id": ME, "a": 1}, upsert()),
        find_and_update(doc! {"_id": ME}, doc! {"$set": {"a": 1}}, upsert()),
        find_and_replace(doc! {}, doc! {"a": 1}, upsert()),
    ];
    for maker in makers {
        let told = format!("{maker:?}");
        answer(&mine, maker).await.unwrap_or_else(|failure| panic!("{told}: {failure}"));
        assert_eq!(one(&mine, find_one(doc! {})).await, doc! {"_id": ME, "a": 1}, "{told}");
        one(&mine, replace(doc! {}, doc! {"a": 2}, doc! {})).await;
        assert_eq!(one(&mine, find_one(doc! {})).await, doc! {"_id": ME, "a": 2}, "{told}");
        assert_eq!(one(&mine, delete_many(doc! {})).await, doc! {"deletedCount": 1});
    }
    assert_eq!(test.all().await, [doc! {"_id": OTHER, "a": 0}]);
    // Stored as an ObjectId it keeps that form.
    one(&mine, insert(doc! {"_id": oid(ME), "a": 1})).await;
    one(&mine, replace(doc! {}, doc! {"a": 2}, doc! {})).await;
    assert_eq!(one(&mine, find_one(doc! {})).await, doc! {"_id": oid(ME), "a": 2});
}

#[tokio::test]
async fn an_aborted_transaction_leaves_nothing() {
    let test = TestDatabase::start().await;
    test.raw().insert_one(doc! {"_id": 0, "a": 0}).await.unwrap();
    #[derive(Debug)]
    #[allow(dead_code, reason = "shown when the test fails")]
    enum End {
        Asked,
        Database(DatabaseError),
        Operation(Failure),
    }
    impl From<DatabaseError> for End {
        fn from(error: DatabaseError) -> Self {
            Self::Database(error)
        }
    }
    impl From<Failure> for End {
        fn from(failure: Failure) -> Self {
            Self::Operation(failure)
        }
    }
    impl Transient for End {
        fn is_transient(&self) -> bool {
            false
        }
    }
    let test = &test;
    for commit in [false, true] {
        let outcome = test
            .database
            .transaction(async |transaction| {
                let inside = test.joined(whole(), transaction);
                answer(&inside, insert_many((1..=250).map(|n| doc! {"_id": n, "a": n}), doc! {})).await?;
                answer(&inside, update(doc! {"_id": 0}, doc! {"$set": {"a": 7}}, doc! {})).await?;
                answer(&inside, find_and_delete(doc! {"_id": 250}, doc! {})).await?;
                assert_eq!(answer(&inside, count(doc! {})).await?, [doc! {"n": 250_i64}]);
                assert_eq!(answer(&inside, find(doc! {}, doc! {})).await?.len(), 250, "a cursor sees the transaction");
                assert_eq!(answer(&inside, find_one(doc! {"_id": 0})).await?, [doc! {"_id": 0, "a": 7}]);
                assert_eq!(answer(&inside, distinct("a", doc! {"a": {"$lt": 3}})).await?[0].len(), 2);
                assert_eq!(answer(&inside, delete(doc! {"_id": 249})).await?, [doc! {"deletedCount": 1}]);
                assert_eq!(test.all().await, [doc! {"_id": 0, "a": 0}], "nobody else sees it");
                if commit { Ok(()) } else { Err(End::Asked) }
            })
            .await;
        match outcome {
            Ok(()) => assert_eq!(test.all().await.len(), 249),
            Err(End::Asked) => assert_eq!(test.all().await, [doc! {"_id": 0, "a": 0}]),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_conflict_inside_a_transaction_is_known_to_be_transient() {
    let test = TestDatabase::start().await;
    test.raw().insert_one(doc! {"_id": 0, "a": 0}).await.unwrap();
    let test = &test;
    let runs = &Cell::new(0);
    let outcome: Result<(), DatabaseError> = test
        .database
        .transaction(async |transaction| {
            runs.set(runs.get() + 1);
            let inside = test.joined(whole(), transaction);
            answer(&inside, find_one(doc! {})).await.unwrap();
            if runs.get() == 1 {
                test.raw().update_one(doc! {}, doc! {"$inc": {"a": 10}}).await.unwrap();
            }
            // The function may well ignore the failure: the transaction must not be committed all the same.
            let changed = answer(&inside, update(doc! {}, doc! {"$inc": {"a": 1}}, doc! {})).await;
            assert_eq!(changed.is_err(), runs.get() == 1, "{changed:?}");
            Ok(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(runs.get(), 2);
    assert_eq!(test.all().await, [doc! {"_id": 0, "a": 11}]);
}

#[tokio::test]
async fn a_failed_write_ends_the_transaction_although_the_function_goes_on() {
    let test = TestDatabase::start().await;
    test.raw().insert_one(doc! {"_id": 0}).await.unwrap();
    let test = &test;
    let outcome: Result<(), DatabaseError> = test
        .database
        .transaction(async |transaction| {
            let inside = test.joined(whole(), transaction);
            answer(&inside, insert(doc! {"_id": 1})).await.unwrap();
            answer(&inside, insert(doc! {"_id": 0})).await.unwrap_err();
            Ok(())
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!(test.all().await, [doc! {"_id": 0}]);
}

#[tokio::test]
async fn failures_read_as_those_of_app_services() {
    let test = TestDatabase::start().await;
    let all = test.collection(whole());
    one(&all, insert(doc! {"_id": 1, "a": "text"})).await;

    let duplicate = answer(&all, insert(doc! {"_id": 1})).await.unwrap_err();
    assert!(duplicate.is(ErrorCode::MongoDBError) && duplicate.message.contains("Duplicate key error"), "{duplicate}");
    let among_many = answer(&all, insert_many([doc! {"_id": 2}, doc! {"_id": 1}], doc! {})).await.unwrap_err();
    assert!(among_many.message.contains("Duplicate key error"), "{among_many}");
    let refused = answer(&all, update(doc! {}, doc! {"$inc": {"a": 1}}, doc! {})).await.unwrap_err();
    assert!(refused.is(ErrorCode::MongoDBError) && refused.message.starts_with('('), "{refused}");
    let malformed = answer(&all, find(doc! {"a": {"$size": "x"}}, doc! {})).await.unwrap_err();
    assert!(
        malformed.message.starts_with("(BadValue)") || malformed.message.starts_with("(FailedToParse)"),
        "{malformed}"
    );
    for failure in [duplicate, among_many, refused, malformed] {
        assert!(!failure.message.contains("127.0.0.1") && !failure.message.contains("mongodb://"), "{failure}");
    }
}

#[tokio::test]
async fn no_operation_outlives_the_deadline() {
    let test = TestDatabase::start().await;
    test.raw().insert_one(doc! {"_id": 0}).await.unwrap();

    let over = Context { deadline: Instant::now(), ..test.context() };
    let failure = answer(&ScopedCollection::new(over, whole()), insert(doc! {})).await.unwrap_err();
    assert!(failure.is(ErrorCode::ExecutionTimeLimitExceeded), "{failure}");
    assert_eq!(test.all().await.len(), 1, "nothing was sent");

    let short = Context { deadline: Instant::now() + Duration::from_millis(300), ..test.context() };
    let inner = bson!({"$reduce": {"input": {"$range": [0, 100_000]}, "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}});
    // Hours of work.
    let endless = doc! {"$set": {"x": {"$sum": {"$map": {"input": {"$range": [0, 1_000_000]}, "in": inner}}}}};
    let short = ScopedCollection::new(short, whole());
    let ended = tokio::time::timeout(Duration::from_secs(180), answer(&short, aggregate([endless]))).await;
    let failure = ended.expect("it ends").unwrap_err();
    assert!(failure.is(ErrorCode::ExecutionTimeLimitExceeded), "{failure}");
}

/// The collection `users`, from which a pipeline may read and write the others of its database.
fn among_others() -> Scope {
    let others = vec![Other { database: "app".to_owned(), collection: None, operations: Operations::ALL }];
    Scope { others, ..whole() }
}

#[tokio::test]
async fn pipelines_join_the_collections_that_are_granted() {
    let test = TestDatabase::start().await;
    let all = test.collection(among_others());
    one(&all, insert_many([doc! {"_id": 1, "parent": null}, doc! {"_id": 2, "parent": 1}], doc! {})).await;
    let orders = test.collection(Scope { collection: "orders".to_owned(), ..whole() });
    one(&orders, insert_many([doc! {"_id": 7, "user": 1}, doc! {"_id": 8, "user": 1}], doc! {})).await;

    let found = answer(
        &all,
        aggregate([
            doc! {"$sort": {"_id": 1}},
            doc! {"$lookup": {"from": "orders", "localField": "_id", "foreignField": "user", "as": "orders"}},
            doc! {"$project": {"n": {"$size": "$orders"}}},
        ]),
    );
    assert_eq!(found.await.unwrap(), [doc! {"_id": 1, "n": 2}, doc! {"_id": 2, "n": 0}]);
    let inside = doc! {"from": "orders", "let": {"id": "$_id"}, "as": "orders", "pipeline": [
        {"$match": {"$expr": {"$eq": ["$user", "$$id"]}}}, {"$project": {"user": 0}}, {"$sort": {"_id": 1}},
    ]};
    let found = answer(&all, aggregate([doc! {"$match": {"_id": 1}}, doc! {"$lookup": inside}])).await.unwrap();
    assert_eq!(found, [doc! {"_id": 1, "parent": null, "orders": [{"_id": 7}, {"_id": 8}]}]);
    let union = answer(&all, aggregate([doc! {"$unionWith": "orders"}, doc! {"$count": "n"}])).await.unwrap();
    assert_eq!(union[0].get("n").unwrap().to_string(), "4");
    let refused = answer(&all, aggregate([doc! {"$unionWith": "system.views"}])).await.unwrap_err();
    assert!(refused.is(ErrorCode::OperationNotAllowed), "{refused}");
}

#[tokio::test]
async fn pipelines_write_at_once_and_never_in_a_transaction() {
    let test = TestDatabase::start().await;
    let all = test.collection(among_others());
    one(&all, insert_many([doc! {"_id": 1, "a": 5}, doc! {"_id": 2, "a": 6}], doc! {})).await;

    // Nobody reads the cursor.
    let merge = [doc! {"$match": {"_id": 1}}, doc! {"$merge": {"into": "copy", "whenMatched": "fail"}}];
    drop(all.execute(aggregate(merge.clone())).await.unwrap());
    assert_eq!(test.all_of("copy").await, [doc! {"_id": 1, "a": 5}]);
    let again = all.execute(aggregate(merge.clone())).await.err().unwrap();
    assert!(again.is(ErrorCode::MongoDBError), "{again}");
    assert!(answer(&all, aggregate([doc! {"$out": "copy"}])).await.unwrap().is_empty());
    assert_eq!(test.all_of("copy").await, [doc! {"_id": 1, "a": 5}, doc! {"_id": 2, "a": 6}]);

    let outcome = test
        .database
        .transaction(async |transaction| {
            let joined = test.joined(among_others(), transaction);
            Ok::<_, DatabaseError>(joined.execute(aggregate(merge.clone())).await.err())
        })
        .await;
    let refused = outcome.unwrap().unwrap();
    assert!(refused.is(ErrorCode::OperationNotAllowed) && refused.message.contains("transaction"), "{refused}");
}
