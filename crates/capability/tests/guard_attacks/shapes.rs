//! Attacks by malformed documents, by options, and without a grant.

use bson::{Document, doc};
use usher_contract::ErrorCode::{InvalidDocument, OperationNotAllowed};
use usher_contract::{Operation, Operations};

use super::support::*;
use super::{Attack, attack};

fn options(name: &'static str, options: Document, offender: &'static str) -> Attack {
    attack(name, find(doc! {}, options), OperationNotAllowed, offender)
}

pub(crate) fn documents() -> Vec<Attack> {
    // Built by hand, because a `Document` cannot hold a key twice.
    let mut twice = bson::RawDocumentBuf::new();
    twice.append(bson::raw::cstr!("owner"), ME);
    twice.append(bson::raw::cstr!("owner"), OTHER);
    let mut operators = bson::RawDocumentBuf::new();
    operators.append(bson::raw::cstr!("$set"), bson::rawdoc! {"a": 1});
    operators.append(bson::raw::cstr!("$set"), bson::rawdoc! {"b": 1});
    let mut doubled = bson::RawDocumentBuf::new();
    doubled.append(bson::raw::cstr!("upsert"), false);
    doubled.append(bson::raw::cstr!("upsert"), true);
    let mut deep = doc! {};
    for _ in 0..101 {
        deep = doc! {"a": deep};
    }
    let truncated = bytes(doc! {"a": "text"}).into_iter().take(9).collect::<Vec<_>>();
    vec![
        attack("an operator as a field", insert(doc! {"$set": {"a": 1}}), InvalidDocument, "$set"),
        attack("an operator deep in a document", insert(doc! {"a": [{"b": {"$where": 1}}]}), InvalidDocument, "$where"),
        attack(
            "an operator in a replacement",
            replace(doc! {}, doc! {"$set": {"a": 1}}, doc! {}),
            OperationNotAllowed,
            "atomic operators",
        ),
        attack(
            "an operator deep in a replacement",
            replace(doc! {}, doc! {"a": {"$gt": 1}}, doc! {}),
            InvalidDocument,
            "$gt",
        ),
        attack(
            "the owner twice",
            Operation::InsertOne { document: twice.as_bytes().to_vec() },
            InvalidDocument,
            "owner",
        ),
        attack(
            "the owner twice in a replacement",
            Operation::ReplaceOne { filter: bytes(doc! {}), replacement: twice.into_bytes(), options: bytes(doc! {}) },
            InvalidDocument,
            "owner",
        ),
        attack(
            "an operator twice",
            Operation::UpdateOne { filter: bytes(doc! {}), update: operators.into_bytes(), options: bytes(doc! {}) },
            InvalidDocument,
            "$set",
        ),
        attack(
            "an option twice",
            Operation::UpdateOne {
                filter: bytes(doc! {}),
                update: bytes(doc! {"$set": {"a": 1}}),
                options: doubled.into_bytes(),
            },
            InvalidDocument,
            "upsert",
        ),
        attack("a query that is too deep", find_one(deep), InvalidDocument, "deep"),
        attack(
            "bytes that are no document",
            Operation::FindOne { filter: truncated.clone(), options: bytes(doc! {}) },
            InvalidDocument,
            "BSON",
        ),
        attack(
            "no bytes for a query",
            Operation::FindOne { filter: vec![], options: bytes(doc! {}) },
            InvalidDocument,
            "BSON",
        ),
        attack(
            "documents that run over their end",
            Operation::InsertMany { documents: truncated, options: bytes(doc! {}) },
            InvalidDocument,
            "bytes",
        ),
        attack("no documents", insert_many([], doc! {}), InvalidDocument, "must provide at least one element"),
        attack(
            "a pipeline that is no array",
            Operation::Aggregate { pipeline: bytes(doc! {"$out": "x"}), options: bytes(doc! {}) },
            InvalidDocument,
            "array",
        ),
        attack(
            "an oversized insert",
            insert_many((0..3).map(|_| doc! {"a": "x".repeat(6 << 20)}), doc! {}),
            InvalidDocument,
            "split",
        ),
        attack(
            "an empty step in a path",
            update(doc! {}, doc! {"$set": {".owner": 1}}, doc! {}),
            InvalidDocument,
            ".owner",
        ),
    ]
}

pub(crate) fn all_options() -> Vec<Attack> {
    vec![
        options("one's own maxTimeMS", doc! {"maxTimeMS": 0}, "maxTimeMS"),
        options("one's own comment", doc! {"comment": "x"}, "comment"),
        options("variables", doc! {"let": {"a": 1}}, "let"),
        options("read concern", doc! {"readConcern": {"level": "local"}}, "readConcern"),
        options("tailable", doc! {"tailable": true}, "tailable"),
        options("no timeout", doc! {"noCursorTimeout": true}, "noCursorTimeout"),
        options("another database", doc! {"$db": "admin"}, "$db"),
        options("read preference", doc! {"$readPreference": {"mode": "secondary"}}, "$readPreference"),
        options("key bounds", doc! {"min": {"owner": OTHER}}, "min"),
        options("record ids", doc! {"showRecordId": true}, "showRecordId"),
        options("upsert in a find", doc! {"upsert": true}, "upsert"),
        options("a collation that ignores case", doc! {"collation": {"locale": "en", "strength": 1}}, "collation"),
        options("an unknown part of a collation", doc! {"collation": {"locale": "simple", "$where": "1"}}, "$where"),
        options("an operator in a sort", doc! {"sort": {"$where": 1}}, "$where"),
        options("an operator in a hint", doc! {"hint": {"$where": 1}}, "$where"),
        attack("a negative limit", find(doc! {}, doc! {"limit": -1}), InvalidDocument, "limit"),
        attack("a negative skip", find(doc! {}, doc! {"skip": -1}), InvalidDocument, "skip"),
        attack(
            "a sort by an expression",
            find(doc! {}, doc! {"sort": {"a": {"$function": {}}}}),
            InvalidDocument,
            "sort",
        ),
        attack(
            "a sort by another score",
            find(doc! {}, doc! {"sort": {"a": {"$meta": "searchScore"}}}),
            InvalidDocument,
            "sort",
        ),
        attack(
            "a sort stage by an expression",
            aggregate([doc! {"$sort": {"a": {"$function": {}}}}]),
            InvalidDocument,
            "$sort",
        ),
        attack("a hint that is a number", find(doc! {}, doc! {"hint": 1}), InvalidDocument, "hint"),
        attack(
            "a write concern",
            update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"writeConcern": {"w": 0}}),
            OperationNotAllowed,
            "writeConcern",
        ),
        attack(
            "bypassing validation",
            insert_many([doc! {"a": 1}], doc! {"bypassDocumentValidation": true}),
            OperationNotAllowed,
            "bypassDocumentValidation",
        ),
        attack(
            "multi in an update of one",
            update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"multi": true}),
            OperationNotAllowed,
            "multi",
        ),
        attack(
            "an upsert that is no flag",
            update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"upsert": 1}),
            InvalidDocument,
            "upsert",
        ),
        attack(
            "explain",
            Operation::Aggregate { pipeline: array([]), options: bytes(doc! {"explain": true}) },
            OperationNotAllowed,
            "explain",
        ),
        attack(
            "array filters in a replacement",
            replace(doc! {}, doc! {"a": 1}, doc! {"arrayFilters": []}),
            OperationNotAllowed,
            "arrayFilters",
        ),
    ]
}

/// Operations that a grant does not allow.
pub(crate) fn grants() -> Vec<Attack> {
    let without = |change: fn(&mut Operations)| {
        let mut scope = whole();
        change(&mut scope.operations);
        scope
    };
    let refused =
        |name, scope, operation, offender| Attack { scope, ..attack(name, operation, OperationNotAllowed, offender) };
    let no_read = || without(|it| it.read = false);
    let no_insert = || without(|it| it.insert = false);
    let no_update = || without(|it| it.update = false);
    let no_delete = || without(|it| it.delete = false);
    let set = || doc! {"$set": {"a": 1}};
    vec![
        refused("find-one without read", no_read(), find_one(doc! {}), "read"),
        refused("find without read", no_read(), find(doc! {}, doc! {}), "read"),
        refused("aggregate without read", no_read(), aggregate([]), "read"),
        refused("count without read", no_read(), count(doc! {}), "read"),
        refused("distinct without read", no_read(), distinct("a", doc! {}), "read"),
        refused("find-and-update without read", no_read(), find_and_update(doc! {}, set(), doc! {}), "read"),
        refused("find-and-delete without read", no_read(), find_and_delete(doc! {}, doc! {}), "read"),
        refused("insert without insert", no_insert(), insert(doc! {}), "insert"),
        refused("insert-many without insert", no_insert(), insert_many([doc! {}], doc! {}), "insert"),
        refused("upsert without insert", no_insert(), update(doc! {}, set(), doc! {"upsert": true}), "insert"),
        refused(
            "replacing upsert without insert",
            no_insert(),
            replace(doc! {}, doc! {}, doc! {"upsert": true}),
            "insert",
        ),
        refused(
            "find-and-update upsert without insert",
            no_insert(),
            find_and_update(doc! {}, set(), doc! {"upsert": true}),
            "insert",
        ),
        refused("update without update", no_update(), update(doc! {}, set(), doc! {}), "update"),
        refused("update-many without update", no_update(), update_many(doc! {}, set(), doc! {}), "update"),
        refused("replace without update", no_update(), replace(doc! {}, doc! {}, doc! {}), "update"),
        refused("find-and-replace without update", no_update(), find_and_replace(doc! {}, doc! {}, doc! {}), "update"),
        refused("delete without delete", no_delete(), delete(doc! {}), "delete"),
        refused("delete-many without delete", no_delete(), delete_many(doc! {}), "delete"),
        refused("find-and-delete without delete", no_delete(), find_and_delete(doc! {}, doc! {}), "delete"),
    ]
}
