//! What watchers see, by the rules of a collection.

use std::sync::Arc;

use async_trait::async_trait;
use bson::{Bson, Document, bson, doc};
use serde_json::{Value, json};
use usher_contract::Failure;
use usher_rules::{Facts, Rules, Surroundings};

use super::{Seen, Sight, asks_of_key, at};
use crate::event::Happened;

/// Ann, in a world where a function says yes to the number 1.
struct Ann;

#[async_trait]
impl Surroundings for Ann {
    async fn facts(&self) -> Result<Arc<Facts>, Failure> {
        Ok(Arc::new(Facts { user: doc! {"id": "ann"}, ..Facts::default() }))
    }

    async fn call(&self, _function: &str, arguments: Vec<Bson>) -> Result<Bson, Failure> {
        Ok(Bson::Boolean(arguments == [Bson::Int32(1)]))
    }
}

async fn sight(rules: &Value) -> Sight {
    let rules = Arc::new(Rules::compile(rules).unwrap());
    Sight::new(rules.bind(Arc::new(Ann)).await.unwrap()).unwrap()
}

fn inserted(document: Document) -> Happened {
    let key = doc! {"_id": document.get("_id").unwrap()};
    Happened::read(doc! {"_id": 1, "operationType": "insert", "documentKey": key, "fullDocument": document})
}

fn updated(document: Bson, description: Document) -> Happened {
    Happened::read(doc! {
        "_id": 1, "operationType": "update", "documentKey": {"_id": 1, "region": "north"}, "fullDocument": document,
        "updateDescription": description,
    })
}

fn deleted(before: Option<Document>) -> Happened {
    let mut event = doc! {"_id": 1, "operationType": "delete", "documentKey": {"_id": 1, "region": "north"}};
    if let Some(before) = before {
        event.insert("fullDocumentBeforeChange", before);
    }
    Happened::read(event)
}

fn all() -> Value {
    json!({"roles": [{"name": "all", "apply_when": {}, "read": true}]})
}

fn own() -> Value {
    json!({"roles": [{"name": "own", "apply_when": {"owner": "%%user.id"}, "read": true}]})
}

fn names() -> Value {
    json!({"roles": [{"name": "names", "apply_when": {}, "fields": {"name": {"read": true}, "list": {"read": true}},
        "additional_fields": {"read": false}}]})
}

fn named(seen: Seen) -> Document {
    match seen {
        Seen::Part(event) => event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_sees_everything_sees_every_event_about_a_document() {
    let sight = sight(&all()).await;
    for happened in [inserted(doc! {"_id": 1}), updated(Bson::Null, doc! {"updatedFields": {"a": 1}}), deleted(None)] {
        assert_eq!(sight.of(&happened).await.unwrap(), Seen::Whole, "{}", happened.event());
    }
    let dropped = Happened::read(doc! {"_id": 1, "operationType": "drop"});
    assert_eq!(sight.of(&dropped).await.unwrap(), Seen::Nothing);
}

#[tokio::test]
async fn only_documents_that_are_seen_change() {
    let sight = sight(&own()).await;
    let (ann, bob) = (doc! {"_id": 1, "owner": "ann"}, doc! {"_id": 1, "owner": "bob"});
    assert_eq!(sight.of(&inserted(ann.clone())).await.unwrap(), Seen::Whole);
    assert_eq!(sight.of(&inserted(bob.clone())).await.unwrap(), Seen::Nothing);
    let given_away = updated(Bson::Document(bob.clone()), doc! {"updatedFields": {"owner": "bob"}});
    assert_eq!(sight.of(&given_away).await.unwrap(), Seen::Nothing);
    assert_eq!(sight.of(&deleted(Some(ann))).await.unwrap(), Seen::Whole);
    assert_eq!(sight.of(&deleted(Some(bob))).await.unwrap(), Seen::Nothing);
    assert_eq!(sight.of(&deleted(None)).await.unwrap(), Seen::Nothing, "nobody knows whose it was");
}

#[tokio::test]
async fn a_deletion_is_told_where_the_key_says_whose_it_was() {
    let rules = |id: Value| json!({"roles": [{"name": "own", "apply_when": {"_id": id}, "read": true}]});
    let told = named(sight(&rules(json!(1))).await.of(&deleted(None)).await.unwrap());
    assert_eq!(told.get("documentKey"), Some(&bson!({"_id": 1})));
    assert_eq!(sight(&rules(json!(2))).await.of(&deleted(None)).await.unwrap(), Seen::Nothing);
    let mut filtered = rules(json!(1));
    filtered["filters"] = json!([{"name": "f", "apply_when": {}, "query": {"shared": true}}]);
    assert_eq!(sight(&filtered).await.of(&deleted(None)).await.unwrap(), Seen::Nothing);
}

#[tokio::test]
async fn an_update_does_not_tell_what_the_document_held_before_it_was_seen() {
    // Bob wrote the secret, took it back and gave the document to Ann, before the first event was read.
    let document = doc! {"_id": 1, "owner": "ann", "text": "for Ann", "list": [1, {"a": 2}]};
    let description = doc! {"updatedFields": {"text": "secret", "list.1.a": 2, "gone": "secret", "owner": "bob"}};
    let happened = updated(Bson::Document(document), description);
    let event = named(sight(&own()).await.of(&happened).await.unwrap());
    let told = doc! {"updatedFields": {"text": "for Ann", "list.1.a": 2, "owner": "ann"}};
    assert_eq!(event.get_document("updateDescription").unwrap(), &told);
    assert_eq!(event.get("fullDocument"), happened.event().get("fullDocument"));
}

#[tokio::test]
async fn what_is_hidden_is_nowhere_in_an_event() {
    let document = doc! {"_id": 1, "name": "Bob", "salary": 7, "list": [{"a": 1}], "region": "north"};
    let description = doc! {
        "updatedFields": {"name": "Bob", "salary": 7, "list.0.a": 1, "salary.currency": "x"},
        "removedFields": ["list.1", "phone"],
        "truncatedArrays": [{"field": "list", "newSize": 1}, {"field": "hidden", "newSize": 2}],
        "disambiguatedPaths": {"salary.0": ["salary", "0"]},
    };
    let sight = sight(&names()).await;
    let event = named(sight.of(&updated(Bson::Document(document.clone()), description)).await.unwrap());
    assert_eq!(
        event,
        doc! {
            "_id": 1, "operationType": "update", "fullDocument": {"_id": 1, "name": "Bob", "list": [{"a": 1}]},
            "documentKey": {"_id": 1},
            "updateDescription": {
                "updatedFields": {"name": "Bob", "list.0.a": 1}, "removedFields": ["list.1"],
                "truncatedArrays": [{"field": "list", "newSize": 1}],
            },
        }
    );
    let event = named(sight.of(&deleted(Some(document))).await.unwrap());
    assert_eq!(event, doc! {"_id": 1, "operationType": "delete", "documentKey": {"_id": 1}});
}

/// Whoever changes a document decides how many of its fields change: were the document looked at for each, this would not
/// end.
#[tokio::test]
async fn an_update_of_many_fields_is_looked_at_once() {
    let many = |name: &str| (0..50_000).map(|n| (format!("{name}{n}"), Bson::from(n))).collect::<Document>();
    let mut document = many("f");
    document.extend(doc! {"_id": 1, "name": "Bob"});
    let mut fields = many("f");
    fields.insert("name", "Bob");
    let sight = sight(&names()).await;
    let event = named(sight.of(&updated(Bson::Document(document), doc! {"updatedFields": fields})).await.unwrap());
    assert_eq!(event.get("updateDescription"), Some(&bson!({"updatedFields": {"name": "Bob"}})));
}

#[tokio::test]
async fn filters_narrow_and_their_projections_hide() {
    let mut rules = all();
    rules["filters"] =
        json!([{"name": "f", "apply_when": {}, "query": {"for": "%%user.id"}, "projection": {"internal": 0}}]);
    let sight = sight(&rules).await;
    assert_eq!(sight.of(&inserted(doc! {"_id": 1, "for": "bob"})).await.unwrap(), Seen::Nothing);
    assert_eq!(sight.of(&deleted(None)).await.unwrap(), Seen::Nothing);
    let document = doc! {"_id": 1, "for": "ann", "internal": {"x": 1}, "text": "t"};
    let description = doc! {"updatedFields": {"internal.x": 1, "text": "t"}, "removedFields": ["internal.y"]};
    let event = named(sight.of(&updated(Bson::Document(document), description)).await.unwrap());
    assert_eq!(event.get("fullDocument"), Some(&bson!({"_id": 1, "for": "ann", "text": "t"})));
    assert_eq!(event.get("updateDescription"), Some(&bson!({"updatedFields": {"text": "t"}, "removedFields": []})));
}

#[tokio::test]
async fn a_function_decides_document_by_document() {
    let rules = json!({"roles": [{"name": "asked", "read": true,
        "apply_when": {"%%true": {"%function": {"name": "f", "arguments": ["%%root._id"]}}}}]});
    let sight = sight(&rules).await;
    assert_eq!(sight.of(&inserted(doc! {"_id": 1})).await.unwrap(), Seen::Whole);
    assert_eq!(sight.of(&inserted(doc! {"_id": 2})).await.unwrap(), Seen::Nothing);
    assert_eq!(sight.of(&deleted(None)).await.unwrap(), Seen::Nothing);
}

#[test]
fn paths_lead_through_documents_and_positions() {
    let document = doc! {"a": [{"b": 1}], "0": 2};
    assert_eq!(at(&document, "a.0.b"), Some(&Bson::Int32(1)));
    assert_eq!(at(&document, "0"), Some(&Bson::Int32(2)));
    for missing in ["a.b", "a.1", "a.0.b.c", "", "b"] {
        assert_eq!(at(&document, missing), None, "{missing}");
    }
}

#[test]
fn a_query_about_the_key_alone_is_known() {
    assert!(asks_of_key(&doc! {}));
    assert!(asks_of_key(&doc! {"$or": [{"_id": 1}, {"_id.part": {"$gt": 2}}]}));
    assert!(!asks_of_key(&doc! {"$or": [{"_id": 1}, {"_identity": 2}]}));
    assert!(!asks_of_key(&doc! {"$expr": {"$eq": ["$_id", "$owner"]}}));
}
