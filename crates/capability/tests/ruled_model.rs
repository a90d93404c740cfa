//! What the rules hide never shows: two collections that differ only in what is hidden answer alike, and no answer holds
//! a hidden value.
//!
//! Rules, documents and operations are random; what a caller may see of a document is taken from the rules themselves.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::cell::Cell;
use std::sync::Arc;

use bson::{Bson, Document, bson, doc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use support::ruled::*;
use support::*;
use usher_capability::{RuledCollection, Scope};
use usher_contract::{Failure, Operation};
use usher_rules::{Bound, Operation as Kind, Rules};

/// Stands in every value that can be hidden, with the document's number, and in nothing that a caller says.
const SECRET: &str = "hunter2";

/// Roles depend on `owner` and `kind` alone, in which the two collections do not differ.
fn when() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!({})),
        3 => Just(json!({"owner": "%%user.id"})),
        2 => (0..3).prop_map(|kind| json!({"kind": kind})),
        1 => Just(json!({"%%root.kind": {"$in": [0, 1]}, "owner": {"$ne": "%%user.id"}})),
        1 => Just(json!({"%%true": {"%function": {"name": "same", "arguments": ["%%root.owner", "%%user.id"]}}})),
        1 => Just(json!({"%%user.custom_data.team": "blue"})),
    ]
}

fn permission() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(json!({"read": true})),
        3 => Just(json!({"write": true})),
        2 => Just(json!({})),
        2 => Just(json!({"read": {"%%root.kind": 1}})),
        1 => Just(json!({"read": {"%%true": {"%function": {"name": "same", "arguments": ["%%root.kind", 2]}}}})),
    ]
}

fn nested() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => permission(),
        3 => (permission(), permission()).prop_map(|(b, s)| json!({"fields": {"b": b, "s": s}})),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let fields = (permission(), permission(), permission(), nested(), nested(), any::<[bool; 4]>(), any::<bool>());
    prop_oneof![
        1 => Just(json!({"read": true})),
        2 => Just(json!({"read": true, "write": true})),
        1 => Just(json!({"read": false, "write": false})),
        6 => fields.prop_map(|(a, p, s, n, list, [has_p, has_s, has_n, has_list], rest)| {
            let mut fields = json!({"a": a, "owner": {"read": true}});
            for (name, rule, has) in [("p", p, has_p), ("s", s, has_s), ("n", n, has_n), ("list", list, has_list)] {
                if has {
                    fields[name] = rule;
                }
            }
            json!({"fields": fields, "additional_fields": {"read": rest}})
        }),
    ]
}

fn role() -> impl Strategy<Value = Value> {
    let filters = prop_oneof![
        4 => Just(Value::Null),
        1 => Just(json!({"read": {"kind": {"$ne": 2}}, "write": false})),
        1 => Just(json!({"read": {"kind": {"$gte": 1}}, "write": true})),
    ];
    (when(), body(), filters).prop_map(|(when, mut role, filters)| {
        role["name"] = json!("r");
        role["apply_when"] = when;
        if !filters.is_null() {
            role["document_filters"] = filters;
        }
        role
    })
}

fn filter_of_rules() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => Just(json!([])),
        1 => Just(json!([{"name": "f", "apply_when": {}, "query": {"kind": 1}}])),
        1 => Just(json!([{"name": "f", "apply_when": {}, "projection": {"s": 0, "n": 0}}])),
    ]
}

fn all_rules() -> impl Strategy<Value = Value> {
    (vec(role(), 1..4), filter_of_rules()).prop_map(|(roles, filters)| json!({"roles": roles, "filters": filters}))
}

/// What a document may hold that can be hidden: small numbers to find out by comparing, and marked text.
#[derive(Debug, Clone)]
struct Content {
    a: i32,
    p: Option<i32>,
    b: i32,
    elements: usize,
    has_s: bool,
}

fn content() -> impl Strategy<Value = Content> {
    (0..3, prop::option::weighted(0.8, 0..3), 0..3, 0..3_usize, any::<bool>())
        .prop_map(|(a, p, b, elements, has_s)| Content { a, p, b, elements, has_s })
}

impl Content {
    fn document(&self, id: i32, owner: &str, kind: i32, side: &str) -> Document {
        let mark = |place: &str| format!("{SECRET}-{side}-{id}-{place}");
        let element = |n: usize| bson!({"b": (self.b), "s": (mark(&n.to_string()))});
        let mut document = doc! {
            "_id": id, "owner": owner, "kind": kind, "a": self.a, "n": {"b": self.b, "s": mark("n")},
            "list": (0..self.elements).map(element).collect::<Vec<_>>(),
        };
        if let Some(p) = self.p {
            document.insert("p", p);
        }
        if self.has_s {
            document.insert("s", mark("s"));
        }
        document
    }
}

/// One document on both sides: its owner, its kind, what it holds here and there, and which parts are taken over.
type Twin = (bool, i32, Content, Content, bool);

fn twins() -> impl Strategy<Value = Vec<Twin>> {
    vec((any::<bool>(), 0..3, content(), content(), any::<bool>()), 1..10)
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a", "p", "s", "n", "n.b", "n.s", "list", "list.b", "list.s", "list.0.s", "kind", "owner", "_id",
    ])
    .prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        4 => (0..3).prop_map(Bson::from),
        1 => Just(Bson::Null),
        1 => Just(Bson::from(ME)),
        1 => Just(Bson::from("hunter")),
        1 => Just(bson!({"b": 1})),
    ]
}

fn query() -> impl Strategy<Value = Document> {
    let comparison = prop::sample::select(vec!["$eq", "$ne", "$gt", "$lte"]);
    let leaf = prop_oneof![
        3 => Just(doc! {}),
        3 => (field(), scalar()).prop_map(|(field, value)| doc! {field: value}),
        3 => (field(), comparison, scalar()).prop_map(|(field, operator, value)| doc! {field: {operator: value}}),
        2 => (field(), any::<bool>()).prop_map(|(field, exists)| doc! {field: {"$exists": exists}}),
        1 => (field(), scalar()).prop_map(|(field, value)| doc! {field: {"$not": {"$in": [value]}}}),
        1 => field().prop_map(|field| doc! {field: {"$regex": "^hunter2-.-[0-4]"}}),
        1 => field().prop_map(|field| doc! {field: {"$type": "string"}}),
        1 => (0..3).prop_map(|size| doc! {"list": {"$size": size}}),
        2 => (0..3).prop_map(|b| doc! {"list": {"$elemMatch": {"b": b}}}),
        1 => Just(doc! {"list": {"$elemMatch": {"s": {"$gt": "hunter2-o-3"}}}}),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        (prop::sample::select(vec!["$and", "$or", "$nor"]), vec(inner, 1..3)).prop_map(|(key, parts)| doc! {key: parts})
    })
}

fn options() -> impl Strategy<Value = Document> {
    let projection = prop_oneof![
        5 => Just(None),
        2 => vec(field(), 1..3).prop_map(|fields| Some(fields.into_iter().map(|it| (it, Bson::from(1))).collect())),
        2 => vec(field(), 1..3).prop_map(|fields| Some(fields.into_iter().map(|it| (it, Bson::from(0))).collect())),
        1 => field().prop_map(|field| Some(doc! {"x": format!("${field}")})),
    ];
    let sort = prop::option::of((field(), prop::sample::select(vec![1, -1])));
    (projection, sort, prop::option::of(0..3), prop::option::of(0..4)).prop_map(|(projection, sort, skip, limit)| {
        let mut options = Document::new();
        if let Some(projection) = projection {
            let projection: Document = projection;
            options.insert("projection", projection);
        }
        if let Some((field, order)) = sort {
            options.insert("sort", doc! {field: order});
        }
        for (name, number) in [("skip", skip), ("limit", limit)] {
            if let Some(number) = number {
                options.insert(name, number);
            }
        }
        options
    })
}

fn stage() -> impl Strategy<Value = Document> {
    prop_oneof![
        3 => query().prop_map(|query| doc! {"$match": query}),
        2 => (field(), prop::sample::select(vec![1, -1])).prop_map(|(field, order)| doc! {"$sort": {field: order, "_id": 1}}),
        2 => field().prop_map(|field| doc! {"$group": {"_id": format!("${field}"), "n": {"$sum": 1}}}),
        2 => field().prop_map(|field| doc! {"$group": {"_id": null, "max": {"$max": format!("${field}")}, "all": {"$push": "$$ROOT"}}}),
        1 => field().prop_map(|field| doc! {"$set": {"x": {"$toInt": format!("${field}")}}}),
        1 => field().prop_map(|field| doc! {"$project": {"x": format!("${field}"), "y": "$$ROOT"}}),
        1 => Just(doc! {"$unwind": "$list"}),
        1 => Just(doc! {"$replaceWith": {"z": "$$ROOT", "list": "$list"}}),
        1 => (0..3).prop_map(|n| doc! {"$skip": n}),
        1 => (1..3).prop_map(|n| doc! {"$limit": n}),
        1 => Just(doc! {"$count": "n"}),
        1 => Just(doc! {"$facet": {"x": [{"$count": "n"}]}}),
    ]
}

fn read() -> impl Strategy<Value = Operation> {
    let one = |mut options: Document| {
        options.remove("limit");
        options
    };
    let counted = |mut options: Document| {
        options.remove("sort");
        options.remove("projection");
        options
    };
    prop_oneof![
        4 => (query(), options()).prop_map(|(query, options)| find(query, options)),
        2 => (query(), options()).prop_map(move |(query, options)| {
            Operation::FindOne { filter: bytes(query), options: bytes(one(options)) }
        }),
        3 => (query(), options()).prop_map(move |(query, options)| {
            Operation::Count { filter: bytes(query), options: bytes(counted(options)) }
        }),
        3 => (field(), query()).prop_map(|(field, query)| distinct(&field, query)),
        4 => vec(stage(), 0..4).prop_map(aggregate),
    ]
}

fn change() -> impl Strategy<Value = Document> {
    let operator = prop::sample::select(vec!["$set", "$max", "$min", "$unset", "$push", "$inc", "$setOnInsert"]);
    prop_oneof![
        6 => (operator, field(), scalar()).prop_map(|(operator, field, value)| doc! {operator: {field: value}}),
        1 => (field(), field()).prop_map(|(from, to)| doc! {"$rename": {from: to}}),
        1 => (0..3).prop_map(|a| doc! {"a": a, "owner": ME}),
    ]
}

fn write() -> impl Strategy<Value = Operation> {
    let sorted = || field().prop_map(|field| doc! {"sort": {field: 1}});
    let new = |mut options: Document| {
        options.insert("returnNewDocument", true);
        options
    };
    let upsert = || prop_oneof![3 => Just(doc! {}), 1 => Just(doc! {"upsert": true})];
    prop_oneof![
        3 => (query(), change(), upsert()).prop_map(|(query, change, options)| update(query, change, options)),
        3 => (query(), change(), upsert()).prop_map(|(query, change, options)| update_many(query, change, options)),
        3 => (query(), change(), sorted()).prop_map(|(query, change, options)| find_and_update(query, change, options)),
        2 => (query(), change(), sorted()).prop_map(move |(query, change, options)| {
            find_and_update(query, change, new(options))
        }),
        1 => query().prop_map(|query| replace(query, doc! {"a": 1, "owner": ME}, doc! {})),
        1 => (query(), sorted()).prop_map(|(query, options)| find_and_delete(query, options)),
        1 => query().prop_map(delete),
        1 => query().prop_map(delete_many),
        1 => Just(insert(doc! {"owner": ME, "kind": 1, "a": 1})),
    ]
}

/// What the caller may see of a document.
struct Eyes {
    bound: Bound,
    /// Without filters, which say nothing about writes.
    roles: Bound,
    filters: Value,
}

impl Eyes {
    async fn new(rules: &Value) -> Self {
        let bind = async |rules: &Value| {
            let ruling = ruling(compiled(rules), None);
            ruling.rules.bind(ruling.around).await.unwrap()
        };
        let roles = json!({"roles": rules["roles"].clone()});
        Self { bound: bind(rules).await, roles: bind(&roles).await, filters: rules["filters"].clone() }
    }

    async fn see(&self, document: &Document) -> Option<Document> {
        let filter = self.filters.get(0).cloned().unwrap_or_default();
        if filter["query"].is_object() && document.get("kind") != Some(&Bson::Int32(1)) {
            return None;
        }
        let mut seen = self.bound.read(document, &[]).await.unwrap()?;
        if filter["projection"].is_object() {
            seen.remove("s");
            seen.remove("n");
        }
        Some(seen)
    }
}

/// Two lists of documents that look alike to the caller.
async fn sides(eyes: &Eyes, twins: &[Twin]) -> [Vec<Document>; 2] {
    let [mut one, mut other] = [vec![], vec![]];
    for (index, (mine, kind, here, there, both)) in twins.iter().enumerate() {
        let id = i32::try_from(index).unwrap();
        let owner = if *mine { ME } else { OTHER };
        let original = here.document(id, owner, *kind, "o");
        let view = eyes.see(&original).await;
        // Everything is made different, as far as it does not show.
        let mut twin = original.clone();
        let changed = there.document(id, owner, *kind, "t");
        let list = |of: &Document| of.get_array("list").unwrap().clone();
        let mut attempts: Vec<Document> = vec![];
        for name in ["a", "p", "s", "n", "list"] {
            let mut next = Document::new();
            match changed.get(name) {
                Some(value) => drop(next.insert(name, value.clone())),
                None => drop(next.insert(name, Bson::Undefined)),
            }
            attempts.push(next);
        }
        for (inner, from) in [("b", &changed), ("s", &changed)] {
            let mut n = original.get_document("n").unwrap().clone();
            n.insert(inner, from.get_document("n").unwrap().get(inner).unwrap().clone());
            attempts.push(doc! {"n": n});
            let mut elements = list(&original);
            for element in &mut elements {
                let new = from.get_document("n").unwrap().get(inner).unwrap().clone();
                element.as_document_mut().unwrap().insert(inner, new);
            }
            attempts.push(doc! {"list": elements});
        }
        for attempt in attempts {
            let mut next = twin.clone();
            for (name, value) in attempt {
                match value {
                    Bson::Undefined => drop(next.remove(name)),
                    value => drop(next.insert(name, value)),
                }
            }
            if eyes.see(&next).await == view {
                twin = next;
            }
        }
        one.push(original);
        // A hidden document may also be missing.
        if view.is_some() || *both {
            other.push(twin);
        }
    }
    [one, other]
}

async fn fill(test: &TestDatabase, collection: &str, documents: &[Document]) {
    let collection = test.database.client().database("app").collection::<Document>(collection);
    collection.delete_many(doc! {}).await.unwrap();
    if !documents.is_empty() {
        collection.insert_many(documents).await.unwrap();
    }
}

fn handle(test: &TestDatabase, rules: &Arc<Rules>, collection: &str) -> RuledCollection {
    let scope = Scope { collection: collection.to_owned(), ..whole() };
    RuledCollection::new(test.context(), scope, ruling(rules.clone(), None))
}

/// The hidden values of these documents.
async fn secrets(eyes: &Eyes, documents: &[Document]) -> Vec<String> {
    let mut secrets = vec![];
    for document in documents {
        let seen = format!("{:?}", eyes.see(document).await);
        let all = document.to_string();
        let marks = all.split('"').filter(|part| part.starts_with("hunter2-"));
        secrets.extend(marks.filter(|mark| !seen.contains(*mark)).map(str::to_owned));
    }
    secrets
}

fn keeps(secrets: &[String], told: &str, act: &Act) -> Result<(), TestCaseError> {
    let leaked =
        secrets.iter().find(|secret| told.contains(&format!("\"{secret}\"")) || told.contains(secret.as_str()));
    prop_assert!(leaked.is_none(), "{act:?} told {leaked:?}: {told}");
    Ok(())
}

/// Checks that a write left alone what was hidden from it.
async fn untouched(eyes: &Eyes, before: &[Document], after: &[Document], act: &Act) -> Result<(), TestCaseError> {
    for old in before {
        let new = after.iter().find(|it| it.get("_id") == old.get("_id"));
        if eyes.see(old).await.is_none() {
            prop_assert_eq!(new, Some(old), "{:?} changed a hidden document", act);
            continue;
        }
        let hidden = eyes.roles.explain(Kind::Read, old).await.unwrap().hidden;
        for path in hidden.iter().filter(|path| old.contains_key(path.as_str())) {
            let new = new.and_then(|it| it.get(path));
            prop_assert_eq!(new, old.get(path), "{:?} changed the hidden field {}", act, path);
        }
    }
    Ok(())
}

/// Whether the answer to a write follows from what the caller sees. To delete or replace a document takes the right to
/// write every field that it has, and new documents can collide with hidden ones (docs/rules.md).
fn depends_on_what_is_seen(operation: &Operation) -> bool {
    let (Operation::UpdateOne { update, options, .. }
    | Operation::UpdateMany { update, options, .. }
    | Operation::FindOneAndUpdate { update, options, .. }) = operation
    else {
        return false;
    };
    let read = |bytes: &[u8]| Document::from_reader(bytes).unwrap();
    read(update).keys().all(|name| name.starts_with('$')) && !read(options).contains_key("upsert")
}

#[test]
fn what_is_hidden_never_shows() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let test = runtime.block_on(TestDatabase::start());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let [told, refused] = [Cell::new(0), Cell::new(0)];
    let (hidden, compared) = (Cell::new(0), Cell::new(0));
    let acts = (vec(read().prop_map(Act), 1..12), vec(write().prop_map(Act), 1..4));
    let outcome = runner.run(&(all_rules(), twins(), acts), |(json, twins, (reads, writes))| {
        runtime.block_on(async {
            let eyes = Eyes::new(&json).await;
            let rules = compiled(&json);
            let [one, other] = sides(&eyes, &twins).await;
            let mut secrets_of_both = secrets(&eyes, &one).await;
            secrets_of_both.extend(secrets(&eyes, &other).await);
            hidden.set(hidden.get() + secrets_of_both.len());
            fill(&test, "one", &one).await;
            fill(&test, "other", &other).await;
            let [here, there] = [handle(&test, &rules, "one"), handle(&test, &rules, "other")];
            for act in reads {
                let answers: [Result<Vec<Document>, Failure>; 2] =
                    [answer(&here, act.0.clone()).await, answer(&there, act.0.clone()).await];
                keeps(&secrets_of_both, &format!("{answers:?}"), &act)?;
                let counter = if answers[0].is_ok() { &told } else { &refused };
                counter.set(counter.get() + 1);
                // Where nothing is hidden, errors name the collection.
                let [one, other] =
                    answers.map(|answer| answer.map_err(|failure| failure.message.replace("app.other", "app.one")));
                prop_assert_eq!(one, other, "{:?} tells the sides apart under {}", act, json);
            }
            // Others may leave the two sides different to the caller's eyes, so they come last.
            let (mut acts, others): (Vec<Act>, Vec<Act>) =
                writes.into_iter().partition(|act| depends_on_what_is_seen(&act.0));
            acts.extend(others);
            for act in acts {
                let before = test.all_of("one").await;
                let secrets = secrets(&eyes, &before).await;
                let outcome = answer(&here, act.0.clone()).await;
                let answered = format!("{outcome:?}");
                if depends_on_what_is_seen(&act.0) {
                    let other =
                        answer(&there, act.0.clone()).await.map_err(|it| it.message.replace("app.other", "app.one"));
                    prop_assert_eq!(
                        outcome.map_err(|it| it.message),
                        other,
                        "{:?} tells the sides apart under {}",
                        act,
                        json
                    );
                    compared.set(compared.get() + 1);
                }
                keeps(&secrets, &answered, &act)?;
                untouched(&eyes, &before, &test.all_of("one").await, &act).await?;
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Otherwise the generators have drifted into rules that hide nothing, or operations that say nothing.
    assert!(told.get() > 2 * cases, "only {} reads were answered, {} were refused", told.get(), refused.get());
    assert!(compared.get() > cases / 2, "only {} writes were compared", compared.get());
    assert!(hidden.get() > 100, "only {} values were hidden", hidden.get());
}
