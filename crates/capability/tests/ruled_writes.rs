//! Writes under rules, against a real database: what is denied leaves nothing.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use bson::raw::{RawDocumentBuf, cstr};
use bson::{Bson, Document, doc};
use serde_json::json;
use support::ruled::*;
use support::*;
use usher_capability::RuledCollection;
use usher_contract::{Collection as _, ErrorCode, Failure, Operation, limits};
use usher_database::DatabaseError;
use usher_rules::Rules;

fn things() -> [Document; 3] {
    [
        doc! {"_id": 1, "owner": ME, "a": 1},
        doc! {"_id": 2, "owner": OTHER, "a": 1},
        doc! {"_id": 3, "owner": ME, "a": 2},
    ]
}

async fn one(collection: &RuledCollection, operation: Operation) -> Document {
    let act = Act(operation.clone());
    document(collection, operation).await.unwrap_or_else(|failure| panic!("{act:?}: {failure}")).expect("a document")
}

async fn denied(collection: &RuledCollection, operation: Operation, message: &str) {
    let act = Act(operation.clone());
    match answer(collection, operation).await {
        Err(failure) => {
            assert!(failure.is(ErrorCode::NoMatchingRuleFound) && failure.message == message, "{act:?}: {failure}");
        }
        Ok(done) => panic!("{act:?} was permitted: {done:?}"),
    }
}

fn set(a: i32) -> Document {
    doc! {"$set": {"a": a}}
}

fn upsert() -> Document {
    doc! {"upsert": true}
}

#[tokio::test]
async fn owners_change_their_own() {
    let test = TestDatabase::start().await;
    for rules in [owners(), owner_role(), owners_by_function()] {
        test.holds(things()).await;
        let mine = test.ruled(rules);
        let inserted = one(&mine, insert(doc! {"owner": ME, "a": 9})).await;
        assert!(matches!(inserted.get("insertedId"), Some(Bson::ObjectId(_))) && inserted.len() == 1, "{inserted}");
        assert_eq!(one(&mine, insert(doc! {"_id": 4, "owner": ME})).await, doc! {"insertedId": 4});
        let two = insert_many([doc! {"_id": 5, "owner": ME}, doc! {"_id": 6, "owner": ME}], doc! {});
        assert_eq!(one(&mine, two).await, doc! {"insertedIds": [5, 6]});
        assert_eq!(test.all().await.len(), 7);

        assert_eq!(
            one(&mine, update(doc! {"a": 1}, set(7), doc! {})).await,
            doc! {"matchedCount": 1, "modifiedCount": 1}
        );
        assert_eq!(
            one(&mine, update(doc! {"a": 7}, set(7), doc! {})).await,
            doc! {"matchedCount": 1, "modifiedCount": 0}
        );
        assert_eq!(
            one(&mine, update(doc! {"_id": 2}, set(7), doc! {})).await,
            doc! {"matchedCount": 0, "modifiedCount": 0}
        );
        let several = update_many(doc! {"_id": {"$lte": 3}}, set(8), doc! {});
        assert_eq!(one(&mine, several).await, doc! {"matchedCount": 2, "modifiedCount": 2});
        let replaced = replace(doc! {"_id": 1}, doc! {"owner": ME, "b": 1}, doc! {});
        assert_eq!(one(&mine, replaced).await, doc! {"matchedCount": 1, "modifiedCount": 1});
        assert_eq!(one(&mine, find_one(doc! {"_id": 1})).await, doc! {"_id": 1, "owner": ME, "b": 1});

        // A plain document replaces every match (reference 6).
        let plain = update_many(doc! {"_id": {"$gte": 4, "$lte": 6}}, doc! {"owner": ME, "c": 1}, doc! {});
        assert_eq!(one(&mine, plain).await, doc! {"matchedCount": 3, "modifiedCount": 3});
        assert_eq!(one(&mine, find_one(doc! {"_id": 5})).await, doc! {"_id": 5, "owner": ME, "c": 1});

        let last = doc! {"sort": {"_id": -1}, "projection": {"c": 1, "_id": 0}};
        let query = || doc! {"_id": {"$type": "int"}};
        let before = find_and_update(query(), doc! {"$inc": {"c": 1}}, last.clone());
        assert_eq!(one(&mine, before).await, doc! {"c": 1});
        assert_eq!(one(&mine, find_one(doc! {"_id": 6})).await.get("c"), Some(&Bson::Int32(2)));
        let options = doc! {"sort": {"_id": -1}, "returnNewDocument": true};
        let after = find_and_replace(query(), doc! {"owner": ME}, options);
        assert_eq!(one(&mine, after).await, doc! {"_id": 6, "owner": ME});
        assert_eq!(one(&mine, find_and_delete(query(), last)).await, doc! {});
        assert_eq!(document(&mine, find_and_delete(doc! {"_id": 2}, doc! {})).await.unwrap(), None);

        assert_eq!(one(&mine, delete(doc! {"_id": {"$lte": 3}})).await, doc! {"deletedCount": 1});
        assert_eq!(one(&mine, delete_many(doc! {})).await, doc! {"deletedCount": 4});
        assert_eq!(test.all().await, [things()[1].clone()], "the other's document is as it was");
    }
}

/// Where the rules allow everything, commands go to the database as without rules, and its errors come back.
#[tokio::test]
async fn open_rules_change_nothing_about_writes() {
    let test = TestDatabase::start().await;
    let operations = || {
        [
            insert(doc! {"_id": 4, "a": 1}),
            insert(doc! {"_id": 4}),
            update(doc! {"a": 1}, set(5), doc! {}),
            update_many(doc! {"a": 1}, set(6), doc! {}),
            update(doc! {"_id": 9, "k": 1}, doc! {"$setOnInsert": {"z": 1}}, upsert()),
            replace(doc! {"_id": 9}, doc! {"r": 1}, doc! {}),
            update(doc! {"_id": 9}, doc! {"$inc": {"_id": 1}}, doc! {}),
            find_and_update(doc! {"_id": 9}, set(1), doc! {"projection": {"_id": 0}, "returnNewDocument": true}),
            find_and_replace(doc! {"_id": 10}, doc! {"r": 2}, upsert()),
            find_and_delete(doc! {}, doc! {"sort": {"_id": -1}, "projection": {"r": {"$add": ["$r", 1]}}}),
            update_by([doc! {"$set": {"b": "$a"}}], doc! {}),
            delete(doc! {"a": 6}),
            delete_many(doc! {"a": 5}),
        ]
    };
    let mut answers = vec![];
    let (ruled, scoped) = (test.ruled(open()), test.collection(whole()));
    for rules in [true, false] {
        test.holds(things()).await;
        let mut told = vec![];
        for operation in operations() {
            told.push(if rules { answer(&ruled, operation).await } else { answer(&scoped, operation).await });
        }
        answers.push((told, test.all().await));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].0.iter().any(Result::is_err) && answers[0].0.iter().filter(|it| it.is_ok()).count() > 8);
}

/// Rules of owners twice: decided by the database, and by a function.
fn twice() -> [[Arc<Rules>; 2]; 3] {
    let own = || json!({"owner": "%%user.id"});
    let asked = || json!({"%%true": {"%function": {"name": "same", "arguments": ["%%root.owner", "%%user.id"]}}});
    let owner = |when| json!({"name": "owner", "apply_when": when, "read": true, "write": true});
    let reader =
        json!({"name": "reader", "apply_when": {}, "read": true, "write": false, "insert": false, "delete": false});
    let both = |roles: &dyn Fn(serde_json::Value) -> serde_json::Value| [rules(roles(own())), rules(roles(asked()))];
    [
        both(&|when| json!([owner(when)])),
        // As templates of App Services have them.
        both(&|when| json!([owner(when), reader])),
        [owners(), owners_by_function()],
    ]
}

/// Where the database can tell what may be written, it does; the answers and what is stored are those of a transaction.
#[tokio::test]
async fn one_command_does_what_a_transaction_would() {
    let test = TestDatabase::start().await;
    let new = || doc! {"returnNewDocument": true};
    let whole = || doc! {"$set": {"owner": ME, "a": 9}, "$inc": {"n": 1}};
    let operations = || {
        [
            update(doc! {"_id": 1}, set(5), doc! {}),
            update(doc! {"_id": 1}, whole(), doc! {}),
            update(doc! {"_id": 1}, doc! {"$set": {"owner": OTHER}}, doc! {}),
            update(doc! {"_id": 1}, doc! {"$set": {"owner.x": 1}}, doc! {}),
            update(doc! {"_id": 1}, doc! {"$rename": {"a": "owner"}}, doc! {}),
            update(doc! {"_id": 1}, doc! {"$unset": {"owner": ""}}, doc! {}),
            // What is set cannot become something else by another part of the same update.
            update(doc! {"_id": 1}, doc! {"$set": {"owner": ME}, "$rename": {"a": "owner"}}, doc! {}),
            find_and_update(doc! {"_id": 1}, doc! {"$set": {"owner": ME}, "$rename": {"text": "owner"}}, doc! {}),
            find_and_update(doc! {"_id": 1}, doc! {"$set": {"owner": ME}, "$currentDate": {"owner": true}}, doc! {}),
            update(doc! {"_id": 1}, doc! {"$set": {"owner": ME, "owner.x": 1}}, doc! {}),
            update(doc! {"_id": 1}, doc! {"$set": {"owner": ME}, "$currentDate": {"owner": true}}, doc! {}),
            update(doc! {"_id": 2}, set(5), doc! {}),
            update(doc! {"_id": {"$eq": 2}}, doc! {"$set": {"owner": ME}}, doc! {}),
            update(doc! {"_id": 7}, set(5), doc! {}),
            update(doc! {"_id": 1, "a": 99}, set(5), doc! {}),
            update(doc! {"_id": 1}, doc! {"$inc": {"owner": 1}}, doc! {}),
            update_many(doc! {"_id": {"$in": [1, 3]}}, set(8), doc! {}),
            update_many(doc! {"owner": ME}, whole(), doc! {}),
            update_many(doc! {}, set(8), doc! {}),
            replace(doc! {"_id": 1}, doc! {"owner": ME, "r": 1}, doc! {}),
            find_and_update(doc! {"_id": 3}, set(4), doc! {}),
            find_and_update(doc! {"_id": 3}, doc! {"$set": {"matchedCount": 0}}, new()),
            find_and_update(doc! {"_id": 3}, doc! {"$inc": {"n": 1}}, doc! {}),
            find_and_update(doc! {"_id": 2}, set(4), new()),
            find_and_update(doc! {"_id": 7}, set(4), new()),
            find_and_update(doc! {"owner": ME}, set(6), doc! {"sort": {"_id": -1}, "returnNewDocument": true}),
            find_and_delete(doc! {"_id": 2}, doc! {}),
            delete(doc! {"_id": 2}),
            delete(doc! {"_id": 7}),
            delete(doc! {"_id": 1, "a": {"$gt": 0}}),
            delete_many(doc! {"_id": {"$gt": 3}}),
            find_and_delete(doc! {"_id": 3}, doc! {"projection": {"_id": 0}}),
            delete_many(doc! {}),
        ]
    };
    let more = || doc! {"_id": 4, "owner": ME, "a": 0, "n": 1};
    let mut permitted = 0;
    for both in twice() {
        let mut told = vec![];
        for collection in both.map(|rules| test.ruled(rules)) {
            test.holds(things().into_iter().chain([more()])).await;
            let mut answers = vec![];
            for operation in operations() {
                let answered = answer(&collection, operation).await;
                answers.push((answered, test.all().await));
            }
            told.push(answers);
        }
        for (index, (one, other)) in told[0].iter().zip(&told[1]).enumerate() {
            assert_eq!(one, other, "{:?}", Act(operations()[index].clone()));
        }
        permitted += told[0].iter().filter(|(answer, _)| answer.is_ok()).count();
    }
    assert!(permitted > 40, "{permitted}");
}

/// The rules are asked about each field that changes, for each document; clients decide how many there are.
#[tokio::test]
async fn where_fields_are_hidden_an_update_names_so_many_and_no_more() {
    let test = TestDatabase::start().await;
    test.holds(things()).await;
    let fields = |number: usize| -> Document { (0..number).map(|n| (format!("f{n}"), Bson::from(1))).collect() };
    let hiding = test.ruled(rules(json!([{
        "name": "some", "apply_when": {}, "fields": {"owner": {}}, "additional_fields": {"read": true, "write": true},
    }])));
    let most = limits::RULED_QUERY_FIELDS;
    for operation in [
        update(doc! {}, doc! {"$set": fields(most + 1)}, doc! {}),
        update_many(doc! {}, fields(most + 1), doc! {}),
        find_and_replace(doc! {}, fields(most + 1), doc! {}),
        find_and_update(doc! {}, set(1), doc! {"sort": fields(most + 1)}),
    ] {
        let act = Act(operation.clone());
        let failure = answer(&hiding, operation).await.unwrap_err();
        assert!(failure.is(ErrorCode::OperationNotAllowed) && failure.message.contains("1000"), "{act:?}: {failure}");
    }
    assert_eq!(test.all().await, things());
    one(&hiding, update(doc! {"_id": 1}, doc! {"$set": fields(most)}, doc! {})).await;
    one(&test.ruled(open()), update(doc! {"_id": 1}, doc! {"$set": fields(most + 1)}, doc! {})).await;
    assert_eq!(one(&hiding, find_one(doc! {"_id": 1})).await.len(), most + 3);
}

/// What changes many documents at once is no longer bounded by what a transaction holds.
#[tokio::test]
async fn one_command_is_enough_for_owners() {
    let test = TestDatabase::start().await;
    let number = i32::try_from(limits::RULED_CHANGES).unwrap() + 1;
    test.holds((0..number).map(|n| doc! {"_id": n, "owner": ME}).chain([doc! {"_id": -1, "owner": OTHER}])).await;
    let mine = test.ruled(owner_role());
    let changed = one(&mine, update_many(doc! {}, set(1), doc! {})).await;
    assert_eq!(changed, doc! {"matchedCount": number, "modifiedCount": number});
    let failure = answer(&mine, update_many(doc! {}, doc! {"$unset": {"owner": ""}}, doc! {})).await.unwrap_err();
    assert!(failure.is(ErrorCode::OperationNotAllowed), "where each is asked about there is a limit: {failure}");
    assert_eq!(one(&mine, delete_many(doc! {})).await, doc! {"deletedCount": number});
    assert_eq!(test.all().await, [doc! {"_id": -1, "owner": OTHER}]);
}

#[tokio::test]
async fn nothing_is_given_away_or_taken() {
    let test = TestDatabase::start().await;
    test.holds(things()).await;
    for rules in [owners(), owners_by_function()] {
        let mine = test.ruled(rules);
        for stranger in [doc! {"_id": 9, "owner": OTHER}, doc! {"_id": 9}] {
            denied(&mine, insert(stranger.clone()), "insert not permitted").await;
            let among = insert_many([doc! {"_id": 8, "owner": ME}, stranger], doc! {"ordered": false});
            denied(&mine, among, "insert not permitted").await;
        }
        let away = || doc! {"$set": {"owner": OTHER}};
        for operation in [
            update(doc! {"_id": 1}, away(), doc! {}),
            update_many(doc! {}, away(), doc! {}),
            // The second of them is the one that may not change so.
            update_many(doc! {}, doc! {"$set": {"a": 5}, "$unset": {"owner": ""}}, doc! {}),
            update(doc! {"_id": 1}, doc! {"a": 5}, doc! {}),
            update_many(doc! {}, doc! {"a": 5}, doc! {}),
            replace(doc! {"_id": 1}, doc! {"a": 5}, doc! {}),
            find_and_update(doc! {"_id": 1}, away(), doc! {}),
            find_and_replace(doc! {"_id": 1}, doc! {"owner": OTHER}, doc! {"returnNewDocument": true}),
            update_by([doc! {"$set": {"owner": OTHER}}], doc! {}),
        ] {
            denied(&mine, operation, "update not permitted").await;
        }
        assert_eq!(test.all().await, things(), "nothing was written");
    }
}

/// The documents of others exist for nobody, but two documents cannot have the same `_id`.
#[tokio::test]
async fn upserts_make_what_may_be_inserted() {
    let test = TestDatabase::start().await;
    for rules in [owners(), owner_role(), owners_by_function()] {
        test.holds(things()).await;
        let mine = test.ruled(rules);
        let changed = one(&mine, update(doc! {"a": 2}, set(3), upsert())).await;
        assert_eq!(changed, doc! {"matchedCount": 1, "modifiedCount": 1}, "what is there is updated");

        let made = one(&mine, update(doc! {"_id": 7, "owner": ME}, set(1), upsert())).await;
        assert_eq!(made, doc! {"matchedCount": 0, "modifiedCount": 0, "upsertedId": 7});
        assert_eq!(one(&mine, find_one(doc! {"_id": 7})).await, doc! {"_id": 7, "owner": ME, "a": 1});

        // Another's document matches as well; it is neither changed nor in the way.
        test.raw().insert_one(doc! {"_id": 8, "owner": OTHER, "day": "monday"}).await.unwrap();
        let counted = doc! {"$inc": {"n": 1}, "$setOnInsert": {"owner": ME}};
        let made = one(&mine, update(doc! {"day": "monday"}, counted.clone(), upsert())).await;
        assert!(made.contains_key("upsertedId"), "{made}");
        let again = one(&mine, update(doc! {"day": "monday"}, counted, upsert())).await;
        assert_eq!(again, doc! {"matchedCount": 1, "modifiedCount": 1});
        assert_eq!(one(&mine, find_one(doc! {"day": "monday"})).await.get("n"), Some(&Bson::Int32(2)));
        let other = test.all().await.into_iter().find(|it| it.get("_id") == Some(&Bson::Int32(8)));
        assert_eq!(other, Some(doc! {"_id": 8, "owner": OTHER, "day": "monday"}));

        let made = one(&mine, replace(doc! {"k": 1}, doc! {"owner": ME, "r": 1}, upsert())).await;
        let id = made.get("upsertedId").unwrap().clone();
        assert_eq!(one(&mine, find_one(doc! {"_id": id.clone()})).await, doc! {"_id": id, "owner": ME, "r": 1});
        let made = one(&mine, update_many(doc! {"k": 2}, doc! {"owner": ME}, upsert())).await;
        assert!(made.contains_key("upsertedId"), "{made}");

        let new = doc! {"upsert": true, "returnNewDocument": true};
        let made = one(&mine, find_and_update(doc! {"_id": 10, "owner": ME}, set(1), new.clone())).await;
        assert_eq!(made, doc! {"_id": 10, "owner": ME, "a": 1});
        let made = document(&mine, find_and_replace(doc! {"_id": 11}, doc! {"owner": ME}, upsert())).await.unwrap();
        assert_eq!(made, None, "there was nothing before");

        let before = test.all().await;
        for operation in [
            update(doc! {"_id": 12}, set(1), upsert()),
            update(doc! {"_id": 12, "owner": OTHER}, set(1), upsert()),
            update_many(doc! {"a": 99}, set(1), upsert()),
            replace(doc! {"_id": 12}, doc! {"owner": OTHER}, upsert()),
            find_and_update(doc! {"_id": 12}, set(1), new.clone()),
            find_and_replace(doc! {"_id": 12}, doc! {"a": 1}, new.clone()),
            // Those exist, hidden: the answer is the same.
            update(doc! {"_id": 2}, set(1), upsert()),
            update(doc! {"_id": 2, "owner": ME}, set(1), upsert()),
            replace(doc! {"_id": 2}, doc! {"owner": ME}, upsert()),
            find_and_update(doc! {"_id": 2, "owner": ME}, set(1), new),
        ] {
            denied(&mine, operation, "insert not permitted").await;
        }
        assert_eq!(test.all().await, before, "nothing was written");
    }
}

#[tokio::test]
async fn deletes_ask_about_each_document() {
    let test = TestDatabase::start().await;
    test.holds([doc! {"_id": 1, "done": true}, doc! {"_id": 2, "done": false}, doc! {"_id": 3, "done": true}]).await;
    let rules = rules(json!([
        {"name": "done", "apply_when": {"done": true}, "read": true, "write": true},
        {"name": "open", "apply_when": {}, "read": true, "write": true, "delete": false, "insert": false},
    ]));
    let all = test.ruled(rules);
    denied(&all, delete(doc! {"_id": 2}), "delete not permitted").await;
    denied(&all, delete_many(doc! {}), "delete not permitted").await;
    denied(&all, find_and_delete(doc! {"done": false}, doc! {}), "delete not permitted").await;
    assert_eq!(test.all().await.len(), 3, "nothing was deleted");
    denied(&all, insert(doc! {"done": false}), "insert not permitted").await;
    assert_eq!(one(&all, delete(doc! {"_id": 1})).await, doc! {"deletedCount": 1});
    assert_eq!(one(&all, delete_many(doc! {"done": true})).await, doc! {"deletedCount": 1});
    assert_eq!(one(&all, delete_many(doc! {"done": true})).await, doc! {"deletedCount": 0});
}

fn profile() -> Arc<Rules> {
    rules(json!([{
        "name": "anybody", "apply_when": {},
        "fields": {
            "name": {"read": true, "write": true},
            "score": {"read": true},
            "shelf": {"fields": {"title": {"write": true}, "price": {"read": true}}},
        },
    }]))
}

#[tokio::test]
async fn fields_are_written_where_their_rules_allow() {
    let test = TestDatabase::start().await;
    let stored = || {
        [
            doc! {"_id": 1, "name": "ann", "score": 5, "pin": 1234, "shelf": {"title": "x", "price": 3}},
            doc! {"_id": 2, "name": "bob", "score": 6, "pin": 4321},
        ]
    };
    test.holds(stored()).await;
    let all = test.ruled(profile());
    let named = |name: &str| doc! {"$set": {"name": name}};
    assert_eq!(
        one(&all, update(doc! {"_id": 1}, named("eve"), doc! {})).await,
        doc! {"matchedCount": 1, "modifiedCount": 1}
    );
    let new = doc! {"returnNewDocument": true, "projection": {"_id": 0}};
    let renamed = find_and_update(doc! {"name": "eve"}, doc! {"$set": {"name": "ann", "shelf.title": "y"}}, new);
    assert_eq!(
        one(&all, renamed).await,
        doc! {"name": "ann", "score": 5, "shelf": {"title": "y", "price": 3}},
        "the hidden field is not in the answer"
    );
    one(&all, update(doc! {"_id": 1}, doc! {"$set": {"shelf.title": "x"}}, doc! {})).await;
    assert_eq!(test.all().await, stored());

    for change in [
        doc! {"$set": {"score": 7}},
        doc! {"$set": {"name": "x", "shelf.price": 1}},
        doc! {"$unset": {"score": ""}},
        doc! {"$rename": {"name": "score"}},
        doc! {"$rename": {"pin": "name"}},
        doc! {"$set": {"other": 1}},
        // Nothing would change, or only something hidden: the answer does not tell which.
        doc! {"$set": {"pin": 1234}},
        doc! {"$max": {"pin": 1}},
        doc! {"$max": {"pin": 9999}},
        doc! {"$inc": {"pin": 1}},
        doc! {"$push": {"pin": 1}},
        doc! {"$unset": {"nowhere": ""}},
    ] {
        denied(&all, update(doc! {"_id": 1}, change.clone(), doc! {}), "update not permitted").await;
        denied(&all, update_many(doc! {}, change.clone(), doc! {}), "update not permitted").await;
        denied(&all, find_and_update(doc! {}, change, doc! {}), "update not permitted").await;
    }
    denied(&all, replace(doc! {"_id": 1}, doc! {"name": "x"}, doc! {}), "update not permitted").await;
    denied(&all, insert(doc! {"name": "x", "score": 1}), "insert not permitted").await;
    denied(&all, delete(doc! {"_id": 1}), "delete not permitted").await;
    let copied = update_by([doc! {"$set": {"name": "$pin"}}], doc! {});
    let failure = answer(&all, copied).await.unwrap_err();
    assert!(failure.is(ErrorCode::OperationNotAllowed), "{failure}");
    // A document that matches by what is hidden is not matched.
    for filter in [doc! {"pin": 1234}, doc! {"pin": {"$gt": 0}}] {
        let missed = one(&all, update_many(filter.clone(), named("x"), doc! {})).await;
        assert_eq!(missed, doc! {"matchedCount": 0, "modifiedCount": 0});
        assert_eq!(one(&all, delete_many(filter)).await, doc! {"deletedCount": 0});
    }
    assert_eq!(test.all().await, stored(), "nothing was written");
}

#[tokio::test]
async fn positional_updates_keep_their_query() {
    let test = TestDatabase::start().await;
    let stored = |n: i32| doc! {"_id": 1, "owner": ME, "items": [{"k": 1, "n": 0}, {"k": 2, "n": n}]};
    test.holds([stored(0)]).await;
    let mine = test.ruled(owners());
    let change = doc! {"$set": {"items.$.n": 1}};
    let done = doc! {"matchedCount": 1, "modifiedCount": 1};
    assert_eq!(one(&mine, update(doc! {"items.k": 2}, change, doc! {})).await, done);
    assert_eq!(test.all().await, [stored(1)]);
    let change = doc! {"$set": {"items.$[it].n": 2}};
    let options = doc! {"arrayFilters": [{"it.k": 2}]};
    assert_eq!(one(&mine, update_many(doc! {}, change, options)).await, done);
    assert_eq!(test.all().await, [stored(2)]);
}

#[tokio::test]
async fn schemas_hold_for_every_write() {
    let test = TestDatabase::start().await;
    let schema = || {
        json!({
            "title": "thing", "bsonType": "object", "required": ["a"],
            "properties": {"_id": {"bsonType": "int"}, "a": {"bsonType": "int"}, "owner": {"bsonType": "string"}},
        })
    };
    test.holds(things()).await;
    let all = test.ruled_with_schema(open(), schema());
    for (word, operation) in [
        ("insert", insert(doc! {"_id": 9})),
        ("insert", insert(doc! {"_id": 9, "a": "text"})),
        ("insert", insert_many([doc! {"_id": 9, "a": 1}, doc! {"_id": 10, "a": "text"}], doc! {"ordered": false})),
        ("update", update(doc! {"_id": 1}, doc! {"$set": {"a": "text"}}, doc! {})),
        ("update", update_many(doc! {}, doc! {"$unset": {"a": ""}}, doc! {})),
        ("update", replace(doc! {"_id": 1}, doc! {"b": 1}, doc! {})),
        ("update", update_many(doc! {}, doc! {"b": 1}, doc! {})),
        ("update", find_and_update(doc! {"_id": 1}, doc! {"$set": {"a": "text"}}, doc! {})),
        ("insert", update(doc! {"_id": 9}, doc! {"$set": {"b": 1}}, upsert())),
    ] {
        let act = Act(operation.clone());
        let failure = answer(&all, operation).await.unwrap_err();
        assert!(failure.is(ErrorCode::SchemaValidationFailedWrite), "{act:?}: {failure}");
        let words = format!("{word} not permitted: schema validation failed: \"a\"");
        assert!(failure.message.starts_with(&words), "{act:?}: {failure}");
    }
    assert_eq!(test.all().await, things(), "nothing was written");
    one(&all, insert(doc! {"_id": 9, "a": 1})).await;
    assert_eq!(one(&all, update_many(doc! {}, set(4), doc! {})).await.get("modifiedCount"), Some(&Bson::Int32(4)));
    assert_eq!(one(&all, delete_many(doc! {})).await, doc! {"deletedCount": 4});
}

#[tokio::test]
async fn a_field_given_twice_deceives_nobody() {
    let test = TestDatabase::start().await;
    test.holds(things()).await;
    let mut twice = RawDocumentBuf::new();
    for owner in [OTHER, ME] {
        twice.append(cstr!("owner"), owner);
    }
    let twice = twice.into_bytes();
    let mine = test.ruled(owners());
    for operation in [
        Operation::InsertOne { document: twice.clone() },
        Operation::InsertMany { documents: twice.clone(), options: vec![] },
        Operation::ReplaceOne { filter: bytes(doc! {"_id": 1}), replacement: twice, options: vec![] },
    ] {
        let failure = mine.execute(operation).await.err().unwrap();
        assert!(failure.is(ErrorCode::InvalidDocument) && failure.message.contains("`owner`"), "{failure}");
    }
    assert_eq!(test.all().await, things());
}

#[tokio::test]
async fn a_transaction_goes_on_after_a_denial_without_it() {
    let test = &TestDatabase::start().await;
    let deciders = [owners as fn() -> Arc<Rules>, owners_by_function];
    for rules in deciders {
        test.holds(things()).await;
        let outcome: Result<(), DatabaseError> = test
            .database
            .transaction(async |transaction| {
                let mine = test.ruled_in(rules(), transaction);
                assert!(mine.in_order());
                one(&mine, insert(doc! {"_id": 4, "owner": ME, "a": 0})).await;
                one(&mine, update(doc! {"_id": 1}, set(5), doc! {})).await;
                let away = doc! {"$set": {"owner": OTHER}};
                denied(&mine, update_many(doc! {}, away.clone(), doc! {}), "update not permitted").await;
                denied(&mine, find_and_update(doc! {"_id": 4}, away, doc! {}), "update not permitted").await;
                denied(&mine, update(doc! {"_id": 7}, set(1), upsert()), "insert not permitted").await;
                assert_eq!(one(&mine, find_one(doc! {"_id": 4})).await, doc! {"_id": 4, "owner": ME, "a": 0});
                assert_eq!(answer(&mine, count(doc! {})).await.unwrap(), [doc! {"n": 3_i64}]);
                assert_eq!(answer(&mine, aggregate([])).await.unwrap().len(), 3);
                one(&mine, delete(doc! {"_id": 3})).await;
                assert_eq!(test.all().await, things(), "nobody else sees it");
                Ok(())
            })
            .await;
        outcome.unwrap();
        let mut after = test.all().await;
        after.sort_by_key(|it| it.get_i32("_id").unwrap());
        let expected =
            [doc! {"_id": 1, "owner": ME, "a": 5}, things()[1].clone(), doc! {"_id": 4, "owner": ME, "a": 0}];
        assert_eq!(after, expected);
    }
}

/// Two callers count in one document: each finds it as the other left it.
#[tokio::test]
async fn concurrent_changes_wait_for_each_other() {
    let test = TestDatabase::start().await;
    test.holds([doc! {"_id": 1, "owner": ME, "n": 0}]).await;
    let mine = test.ruled(owners_by_function());
    let adding = (0..8).map(|_| answer(&mine, update(doc! {"_id": 1}, doc! {"$inc": {"n": 1}}, doc! {})));
    let outcomes: Vec<Result<_, Failure>> = futures::future::join_all(adding).await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(done > 0, "{outcomes:?}");
    let counted = test.all().await[0].get_i32("n").unwrap();
    assert_eq!(usize::try_from(counted).unwrap(), done, "each success counts once: {outcomes:?}");
}
