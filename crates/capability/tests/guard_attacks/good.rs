//! Well-behaved operations.

use bson::oid::ObjectId;
use bson::{Bson, doc};
use usher_contract::Operation;

use super::support::*;
use super::{check, pattern};

#[test]
fn well_behaved_operations_pass() {
    let regex = || pattern("^a");
    let point = || doc! {"type": "Point", "coordinates": [0.0, 0.0]};
    let set = || doc! {"$set": {"a": 1}};
    let good: Vec<(&str, Operation)> = vec![
        ("nothing asked", find_one(doc! {})),
        ("equality", find_one(doc! {"a": 1, "b.c": "x"})),
        ("equality with a document", find_one(doc! {"a": {"b": {"c": 1}}})),
        ("one's own id", find_one(doc! {"owner": ME})),
        ("another's id in a read", find_one(doc! {"owner": OTHER})),
        ("comparisons", find_one(doc! {"a": {"$gt": 1, "$lte": 5, "$ne": 3}})),
        ("lists", find_one(doc! {"a": {"$in": [1, regex()], "$nin": [2]}})),
        ("logic", find_one(doc! {"$or": [{"a": 1}, {"$and": [{"b": 2}, {"$nor": [{"c": 3}]}]}]})),
        ("negation", find_one(doc! {"a": {"$not": {"$gt": 1}}, "b": {"$not": regex()}})),
        ("patterns", find_one(doc! {"a": {"$regex": "^x", "$options": "i"}, "b": regex()})),
        ("elements", find_one(doc! {"a": {"$elemMatch": {"b": 1, "c": {"$gt": 2}}}})),
        ("elements by value", find_one(doc! {"a": {"$elemMatch": {"$gt": 1, "$lt": 5}}})),
        ("all elements", find_one(doc! {"a": {"$all": [1, 2]}, "b": {"$all": [{"$elemMatch": {"c": 1}}]}})),
        (
            "types and sizes",
            find_one(
                doc! {"a": {"$exists": true, "$type": ["string", "int"]}, "b": {"$size": 2}, "c": {"$mod": [2, 0]}},
            ),
        ),
        ("bits", find_one(doc! {"a": {"$bitsAllSet": [1, 2]}})),
        ("an expression", find_one(doc! {"$expr": {"$gt": ["$a", "$b"]}})),
        ("a schema", find_one(doc! {"$jsonSchema": {"bsonType": "object", "required": ["a"]}})),
        ("near", find_one(doc! {"at": {"$near": {"$geometry": point(), "$maxDistance": 5}}})),
        ("within", find_one(doc! {"at": {"$geoWithin": {"$centerSphere": [[0, 0], 1]}}})),
        ("words", find_one(doc! {"$text": {"$search": "coffee"}})),
        ("a reference", find_one(doc! {"a": {"$ref": "x", "$id": 1}, "b.$id": 2})),
        ("text that looks like an operator", find_one(doc! {"a": "$where", "b": "$$USER_ROLES"})),
        (
            "every option of find",
            find(
                doc! {},
                doc! {"projection": {"a": 1, "_id": 0}, "sort": {"a": -1, "b": 1.0}, "skip": 1, "limit": 5_i64, "batchSize": 10.0, "hint": {"a": 1}},
            ),
        ),
        ("options that are null", find(doc! {}, doc! {"sort": null, "limit": Bson::Undefined})),
        ("no bytes for options", Operation::FindOne { filter: bytes(doc! {}), options: vec![] }),
        ("a simple collation", find(doc! {}, doc! {"collation": {"locale": "simple"}})),
        (
            "projection operators",
            find(
                doc! {},
                doc! {"projection": {"a": {"$slice": [1, 2]}, "b": {"$elemMatch": {"c": 1}}, "d": {"$meta": "textScore"}, "e": {"$add": ["$x", 1]}, "f.$": 1}},
            ),
        ),
        ("sorting by score", find(doc! {"$text": {"$search": "x"}}, doc! {"sort": {"s": {"$meta": "textScore"}}})),
        ("count", count(doc! {"a": {"$gt": 1}})),
        ("distinct", distinct("a.b", doc! {"c": 1})),
        (
            "a pipeline",
            aggregate([
                doc! {"$match": {"a": 1}},
                doc! {"$set": {"b": {"$concat": ["$x", "-", {"$toString": "$y"}]}}},
                doc! {"$group": {"_id": "$b", "n": {"$sum": 1}, "all": {"$push": "$$ROOT"}}},
                doc! {"$sort": {"n": -1}},
                doc! {"$limit": 5},
                doc! {"$project": {"_id": 0, "n": 1}},
            ]),
        ),
        ("an empty pipeline", aggregate([])),
        ("facets", aggregate([doc! {"$facet": {"n": [{"$count": "n"}], "top": [{"$sort": {"a": 1}}, {"$limit": 3}]}}])),
        (
            "unwinding",
            aggregate([
                doc! {"$unwind": {"path": "$a", "preserveNullAndEmptyArrays": true}},
                doc! {"$sortByCount": "$a"},
            ]),
        ),
        (
            "buckets",
            aggregate([
                doc! {"$bucket": {"groupBy": "$a", "boundaries": [0, 10], "default": "x", "output": {"n": {"$sum": 1}}}},
            ]),
        ),
        (
            "windows",
            aggregate([
                doc! {"$setWindowFields": {"partitionBy": "$a", "sortBy": {"b": 1}, "output": {"n": {"$sum": "$c", "window": {"documents": ["unbounded", "current"]}}}}},
            ]),
        ),
        (
            "variables of its own",
            aggregate([
                doc! {"$set": {"a": {"$let": {"vars": {"x": 1}, "in": {"$map": {"input": "$b", "as": "y", "in": {"$add": ["$$x", "$$y.z", "$$this"]}}}}}}},
            ]),
        ),
        ("literals", aggregate([doc! {"$set": {"a": {"$literal": {"$function": "not evaluated"}}}}])),
        ("redaction", aggregate([doc! {"$redact": {"$cond": [{"$eq": ["$a", 1]}, "$$KEEP", "$$PRUNE"]}}])),
        (
            "reshaping after the row filter",
            aggregate([doc! {"$project": {"owner": 0}}, doc! {"$replaceWith": {"a": "$a", "owner": "x"}}]),
        ),
        (
            "what apps often write",
            aggregate([
                doc! {"$match": {"$or": [{"a": {"$regex": "^x", "$options": "i"}}, {"b": {"$in": [null, 1]}}]}},
                doc! {"$unwind": {"path": "$a", "includeArrayIndex": "i", "preserveNullAndEmptyArrays": false}},
                doc! {"$group": {"_id": null, "n": {"$sum": {"$cond": [{"$gte": ["$b", 2]}, 1, 0]}}, "f": {"$first": "$$ROOT"}}},
                doc! {"$replaceRoot": {"newRoot": {"$mergeObjects": ["$f", {"n": "$n"}]}}},
                doc! {"$project": {"day": {"$dateToString": {"format": "%Y-%m-%d", "date": "$t"}}, "_id": 0}},
                doc! {"$sample": {"size": 3}},
                doc! {"$count": "n"},
            ]),
        ),
        (
            "find with what its options often hold",
            find(
                doc! {"at": {"$geoWithin": {"$polygon": [[0, 0], [1, 0], [1, 1]]}}, "to": {"$geoIntersects": {"$geometry": point()}}},
                doc! {"projection": {"_id": 0, "a.b": 1}, "sort": {"_id": -1.0}, "collation": {"locale": "simple"}},
            ),
        ),
        ("near in the old form", find(doc! {"at": {"$nearSphere": [0.5, 1], "$maxDistance": 5}}, doc! {})),
        (
            "values that are undefined",
            update(doc! {"_id": 1}, doc! {"$set": {"a": Bson::Undefined, "b": {"c": Bson::Undefined}}}, doc! {}),
        ),
        ("insert undefined", insert(doc! {"a": Bson::Undefined, "b": [Bson::Undefined]})),
        (
            "array filters by several fields",
            update(
                doc! {"_id": 1},
                doc! {"$set": {"items.$[one].tags.$[two]": "x"}, "$currentDate": {"at": true}},
                doc! {"arrayFilters": [{"one.id": {"$in": [1]}, "one.n": {"$gt": 1}}, {"two": {"$regex": "^a"}}]},
            ),
        ),
        (
            "pull by a query",
            update(doc! {}, doc! {"$pull": {"a": {"$or": [{"b": 1}, {"c": {"$exists": false}}]}}}, doc! {}),
        ),
        ("insert", insert(doc! {"a": 1, "b": {"c": [1, {"d": 2}]}})),
        ("insert with one's own id", insert(doc! {"owner": ME})),
        ("insert with one's own id as ObjectId", insert(doc! {"owner": ObjectId::parse_str(ME).unwrap()})),
        ("insert a reference", insert(doc! {"a": {"$ref": "x", "$id": 1, "$db": "y"}})),
        ("insert many", insert_many([doc! {"a": 1}, doc! {"_id": 5, "owner": ME}], doc! {"ordered": false})),
        ("set", update(doc! {"a": 1}, set(), doc! {})),
        (
            "every update operator",
            update(
                doc! {},
                doc! {
                    "$set": {"a": {"b": 1}}, "$unset": {"c": ""}, "$inc": {"d": 1}, "$mul": {"e": 2}, "$min": {"f": 1}, "$max": {"g": 1},
                    "$rename": {"h": "i"}, "$currentDate": {"j": true, "k": {"$type": "date"}}, "$setOnInsert": {"l": 1},
                    "$push": {"m": {"$each": [1], "$slice": -5, "$sort": {"x": 1}, "$position": 0}}, "$addToSet": {"n": {"$each": [1]}},
                    "$pull": {"o": {"$gte": 5}, "p": {"q": 1, "r": {"$in": [1]}}}, "$pullAll": {"s": [1]}, "$pop": {"t": 1}, "$bit": {"u": {"and": 1}},
                },
                doc! {},
            ),
        ),
        ("set one's own id", update(doc! {}, doc! {"$set": {"owner": ME, "a": 1}}, doc! {})),
        (
            "a field whose name begins like the owner's",
            update(doc! {}, doc! {"$set": {"ownership": 1, "x.owner": 2}}, doc! {}),
        ),
        (
            "positions and array filters",
            update(
                doc! {"a": 1},
                doc! {"$set": {"a.$": 2, "b.$[].c": 1, "d.$[x].e": 1}},
                doc! {"arrayFilters": [{"x.f": {"$gt": 1}}]},
            ),
        ),
        ("upsert", update(doc! {"a": 1}, set(), doc! {"upsert": true})),
        ("a plain update", update(doc! {}, doc! {"a": 1}, doc! {})),
        ("update many", update_many(doc! {}, set(), doc! {})),
        (
            "a pipeline update",
            update_by(
                [
                    doc! {"$set": {"a": {"$add": ["$a", 1]}}},
                    doc! {"$unset": ["b"]},
                    doc! {"$project": {"c": 0, "d": {"e": 0}}},
                ],
                doc! {},
            ),
        ),
        ("replace", replace(doc! {"a": 1}, doc! {"a": 2}, doc! {"upsert": true})),
        ("delete", delete(doc! {"a": 1})),
        ("delete many", delete_many(doc! {})),
        (
            "find and update",
            find_and_update(
                doc! {},
                set(),
                doc! {"returnNewDocument": true, "sort": {"a": 1}, "projection": {"a": 1}, "upsert": true},
            ),
        ),
        ("find and replace", find_and_replace(doc! {}, doc! {"a": 1}, doc! {})),
        ("find and delete", find_and_delete(doc! {}, doc! {"sort": {"a": 1}})),
    ];
    for (name, operation) in &good {
        for scope in [mine(), whole()] {
            if let Err(failure) = check(&scope, operation) {
                panic!("{name}: {failure}");
            }
        }
    }
    assert!(good.len() >= 40);
}
