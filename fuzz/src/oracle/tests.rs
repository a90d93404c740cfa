//! That the oracle would notice: good commands, and each spoiled in one way.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, bson, doc};
use usher_capability::Scope;

use super::{Added, judge};
use crate::scopes::{ME, OTHER, parts, whole};

const ADDED: Added<'static> = Added { invocation: "call", milliseconds: 5 };

fn verdict(scope: &Scope, mut command: Document) -> Result<(), String> {
    command.extend(doc! {"maxTimeMS": 5, "comment": "call"});
    judge(scope, &RawDocumentBuf::try_from(&command).unwrap(), &ADDED)
}

/// The documents whose `owner` is the caller's id as text.
fn mine() -> Scope {
    parts().remove(2)
}

fn find(filter: Document) -> Document {
    doc! {"find": "users", "filter": filter, "limit": 1, "batchSize": 1}
}

fn aggregate(stages: Bson) -> Document {
    doc! {"aggregate": "users", "pipeline": stages, "cursor": {}}
}

fn update(u: Bson) -> Document {
    doc! {"update": "users", "updates": [{"q": {"owner": ME}, "u": u}]}
}

fn upsert(u: Bson) -> Document {
    doc! {"update": "users", "updates": [{"q": {"owner": ME}, "u": u, "upsert": true}]}
}

fn insert(document: Document) -> Document {
    doc! {"insert": "users", "documents": [document]}
}

#[test]
fn good_commands_are_good() {
    let fenced = bson!({"$cond": [{"$in": ["$owner", {"$literal": [ME]}]}, {"$toInt": "$a"}, false]});
    for command in [
        find(doc! {"owner": ME}),
        find(doc! {"$and": [{"owner": ME}, {"$or": [{"a": {"$gt": 1}}, {"$expr": fenced}]}]}),
        aggregate(bson!([{"$match": {"owner": ME}}, {"$set": {"a": {"$literal": {"$where": 1}}}}])),
        aggregate(bson!([{"$match": {"owner": ME}}, {"$limit": 9}, {"$match": {"$expr": true}}])),
        update(bson!({"$set": {"a": 1, "owner": ME}})),
        update(bson!([{"$set": {"a": "$$NOW"}}, {"$project": {"b": 0}}, {"$unset": "c"}])),
        update(bson!({"owner": ME, "a": 1})),
        upsert(bson!({"$inc": {"a": 1}, "$setOnInsert": {"owner": ME}})),
        doc! {"delete": "users", "deletes": [{"q": {"owner": ME}, "limit": 1}]},
        insert(doc! {"owner": ME}),
        doc! {"findAndModify": "users", "query": {"owner": ME}, "remove": true},
    ] {
        verdict(&mine(), command.clone()).unwrap_or_else(|reason| panic!("{command}: {reason}"));
    }
}

#[test]
fn commands_that_leave_the_scope_are_noticed() {
    for command in [
        find(doc! {}),
        find(doc! {"owner": OTHER}),
        find(doc! {"owner": {"$in": [ME, OTHER]}}),
        find(doc! {"owner": ME, "$or": [{}]}),
        find(doc! {"$or": [{"owner": ME}, {}]}),
        find(doc! {"$and": [{"a": 1}, {"owner": ME}]}),
        find(doc! {"$and": [{"owner": ME}, {"$expr": {"$toInt": "$a"}}]}),
        aggregate(bson!([])),
        aggregate(bson!([{"$skip": 1}, {"$match": {"owner": ME}}])),
        aggregate(bson!([{"$match": {"owner": ME}}, {"$match": {"$expr": true}}])),
        aggregate(bson!([{"$match": {"owner": ME}}, {"$geoNear": {"near": [0, 0]}}])),
        update(bson!({"$set": {"owner": OTHER}})),
        update(bson!({"$unset": {"owner.x": 1}})),
        update(bson!({"$rename": {"a": "owner"}})),
        update(bson!([{"$set": {"owner": "$a"}}])),
        update(bson!([{"$project": {"a": 1}}])),
        update(bson!([{"$replaceWith": "$a"}])),
        update(bson!({"a": 1})),
        upsert(bson!({"$inc": {"a": 1}})),
        upsert(bson!([{"$set": {"a": 1}}])),
        doc! {"delete": "users", "deletes": [{"q": {}, "limit": 1}]},
        insert(doc! {"a": 1}),
        insert(doc! {"owner": OTHER}),
        doc! {"findAndModify": "users", "query": {}, "remove": true},
    ] {
        assert!(verdict(&mine(), command.clone()).is_err(), "{command}");
    }
}

#[test]
fn forbidden_names_are_noticed_anywhere() {
    for command in [
        find(doc! {"$where": "1"}),
        find(doc! {"a": {"$not": {"$where": 1}}}),
        find(doc! {"$or": [{"$expr": {"$add": [1, {"$function": {}}]}}]}),
        find(doc! {"a": {"$literal": {"$where": 1}}}),
        find(doc! {"$expr": "$$USER_ROLES.role"}),
        aggregate(bson!([{"$lookup": {}}])),
        aggregate(bson!([{"$facet": {"a": [{"$unionWith": "b"}]}}])),
        aggregate(bson!([{"$group": {"_id": null, "a": {"$accumulator": {}}}}])),
        aggregate(bson!([{"$match": {"$or": [{"$where": "1"}]}}])),
        aggregate(bson!([{"$match": {}, "$out": "x"}])),
        update(bson!([{"$out": "x"}])),
        update(bson!({"$set": {"a": {"$where": 1}}})),
        insert(doc! {"a": [{"$set": 1}]}),
    ] {
        assert!(verdict(&whole(), command.clone()).is_err(), "{command}");
    }
    let mut projection = find(doc! {});
    projection.insert("projection", doc! {"a": {"b": {"$function": {}}}});
    assert!(verdict(&whole(), projection).is_err());
}

#[test]
fn what_the_host_adds_is_looked_for() {
    assert!(verdict(&whole(), find(doc! {})).is_ok());
    for (key, value) in [
        ("limit", bson!(50_001)),
        ("limit", bson!(0)),
        ("batchSize", bson!(102)),
        ("let", bson!({})),
        ("find", bson!("others")),
    ] {
        let mut command = find(doc! {});
        command.insert(key, value);
        assert!(verdict(&whole(), command).is_err(), "{key}");
    }
    let bare = RawDocumentBuf::try_from(&find(doc! {})).unwrap();
    assert!(judge(&whole(), &bare, &ADDED).is_err());
}
