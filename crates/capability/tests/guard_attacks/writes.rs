//! Attacks by writing: updates, and changing whose document it is.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};
use usher_contract::ErrorCode::{InvalidDocument, OperationNotAllowed, OutsideScope};
use usher_contract::Operation;

use super::support::*;
use super::{Attack, attack, pattern};

pub(crate) fn updates() -> Vec<Attack> {
    let changed =
        |name, change: Document, code, offender| attack(name, update(doc! {}, change, doc! {}), code, offender);
    let staged = |name, stage: Document, code, offender| attack(name, update_by([stage], doc! {}), code, offender);
    vec![
        changed("unknown modifier", doc! {"$who": {"a": 1}}, OperationNotAllowed, "Unknown modifier: $who"),
        changed("unknown modifier without fields", doc! {"$who": 1}, OperationNotAllowed, "$who"),
        changed("where as a modifier", doc! {"$where": {"a": 1}}, OperationNotAllowed, "$where"),
        changed("modifier and fields", doc! {"$set": {"a": 1}, "b": 1}, InvalidDocument, "operator"),
        changed("fields and modifier", doc! {"b": 1, "$set": {"a": 1}}, OperationNotAllowed, "operator"),
        changed("operator in set data", doc! {"$set": {"a": {"$where": 1}}}, InvalidDocument, "$where"),
        changed(
            "operator in an array of set data",
            doc! {"$set": {"a": [{"b": {"$function": 1}}]}},
            InvalidDocument,
            "$function",
        ),
        changed(
            "unknown modifier of push",
            doc! {"$push": {"a": {"$each": [], "$where": 1}}},
            OperationNotAllowed,
            "$where",
        ),
        changed("where in pull", doc! {"$pull": {"a": {"$where": "1"}}}, OperationNotAllowed, "$where"),
        changed("where in pull's or", doc! {"$pull": {"a": {"$or": [{"$where": "1"}]}}}, OperationNotAllowed, "$where"),
        changed("expr in pull", doc! {"$pull": {"a": {"$expr": {"$function": {}}}}}, OperationNotAllowed, "$expr"),
        changed("operator as a path", doc! {"$set": {"$where": 1}}, OperationNotAllowed, "$where"),
        changed("operator inside a path", doc! {"$set": {"a.$where": 1}}, OperationNotAllowed, "$where"),
        changed("set without fields", doc! {"$set": 1}, InvalidDocument, "$set"),
        changed("an empty update", doc! {}, InvalidDocument, "empty"),
        attack("a plain document for many", update_many(doc! {}, doc! {"a": 1}, doc! {}), InvalidDocument, "operator"),
        staged("lookup in an update", doc! {"$lookup": {"from": "x"}}, OperationNotAllowed, "$lookup"),
        staged("match in an update", doc! {"$match": {}}, OperationNotAllowed, "$match"),
        staged("merge in an update", doc! {"$merge": "x"}, OperationNotAllowed, "$merge"),
        staged("function in an update", doc! {"$set": {"a": {"$function": {}}}}, OperationNotAllowed, "$function"),
        staged(
            "function deep in an update",
            doc! {"$addFields": {"a": {"$map": {"input": [], "in": {"$cond": [1, 2, {"$function": {}}]}}}}},
            OperationNotAllowed,
            "$function",
        ),
        staged("roles in an update", doc! {"$set": {"a": "$$USER_ROLES"}}, OperationNotAllowed, "$$USER_ROLES"),
        attack(
            "function in find-and-update's stages",
            Operation::FindOneAndUpdate {
                filter: bytes(doc! {}),
                update: array([doc! {"$set": {"a": {"$function": {}}}}]),
                options: bytes(doc! {}),
            },
            OperationNotAllowed,
            "$function",
        ),
        attack(
            "where in an array filter",
            update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": [{"x": {"$where": "1"}}]}),
            OperationNotAllowed,
            "$where",
        ),
        attack(
            "expr in an array filter",
            update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": [{"$expr": {"$function": {}}}]}),
            OperationNotAllowed,
            "$expr",
        ),
        attack(
            "where in an array filter's or",
            update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": [{"$or": [{"$where": "1"}]}]}),
            OperationNotAllowed,
            "$where",
        ),
        attack(
            "array filters that are no queries",
            update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": ["$where"]}),
            InvalidDocument,
            "arrayFilters",
        ),
    ]
}

/// Changing whose document it is, in every way there is.
pub(crate) fn owners() -> Vec<Attack> {
    let changed = |name, change: Document| attack(name, update(doc! {}, change, doc! {}), OutsideScope, "owner");
    let staged = |name, stage: Document| attack(name, update_by([stage], doc! {}), OutsideScope, "owner");
    let other = ObjectId::parse_str(OTHER).unwrap();
    let by_id = |name, operation| Attack { scope: rows_of("_id", ME), ..attack(name, operation, OutsideScope, "_id") };
    vec![
        changed("set the owner", doc! {"$set": {"owner": OTHER}}),
        changed("set the owner to an ObjectId", doc! {"$set": {"owner": other}}),
        changed("set the owner to several", doc! {"$set": {"owner": [ME, OTHER]}}),
        changed("set the owner to null", doc! {"$set": {"owner": null}}),
        changed("set the owner to a regex", doc! {"$set": {"owner": pattern(".")}}),
        changed("set the owner to a symbol", doc! {"$set": {"owner": Bson::Symbol(ME.to_owned())}}),
        changed("set the owner in upper case", doc! {"$set": {"owner": ME.to_uppercase()}}),
        changed("set inside the owner", doc! {"$set": {"owner.x": 1}}),
        changed("set an element of the owner", doc! {"$set": {"owner.0": OTHER}}),
        changed("set the owner by position", doc! {"$set": {"owner.$": OTHER}}),
        changed("set every element of the owner", doc! {"$set": {"owner.$[]": OTHER}}),
        changed("set the owner behind another field", doc! {"$set": {"a": 1, "owner": OTHER}}),
        changed("set the owner in the second operator", doc! {"$inc": {"a": 1}, "$set": {"owner": OTHER}}),
        changed("set the owner on insert", doc! {"$setOnInsert": {"owner": OTHER}}),
        changed("unset the owner", doc! {"$unset": {"owner": ""}}),
        changed("rename the owner away", doc! {"$rename": {"owner": "x"}}),
        changed("rename a field to the owner", doc! {"$rename": {"x": "owner"}}),
        changed("rename a field into the owner", doc! {"$rename": {"x": "owner.y"}}),
        changed("increment the owner", doc! {"$inc": {"owner": 1}}),
        changed("multiply the owner", doc! {"$mul": {"owner": 1}}),
        changed("the lesser owner", doc! {"$min": {"owner": "0"}}),
        changed("the greater owner", doc! {"$max": {"owner": "z"}}),
        changed("the greater owner, though one's own", doc! {"$max": {"owner": ME}}),
        changed("date the owner", doc! {"$currentDate": {"owner": true}}),
        changed("push to the owner", doc! {"$push": {"owner": OTHER}}),
        changed("add to the owner", doc! {"$addToSet": {"owner": {"$each": [OTHER]}}}),
        changed("pop the owner", doc! {"$pop": {"owner": 1}}),
        changed("pull from the owner", doc! {"$pull": {"owner": ME}}),
        changed("pull all from the owner", doc! {"$pullAll": {"owner": [ME]}}),
        changed("flip the owner's bits", doc! {"$bit": {"owner": {"xor": 1}}}),
        attack(
            "set the owner of many",
            update_many(doc! {}, doc! {"$set": {"owner": OTHER}}, doc! {}),
            OutsideScope,
            "owner",
        ),
        attack(
            "set the owner in find-and-update",
            find_and_update(doc! {}, doc! {"$set": {"owner": OTHER}}, doc! {}),
            OutsideScope,
            "owner",
        ),
        attack(
            "set the owner by upsert",
            update(doc! {}, doc! {"$set": {"owner": OTHER}}, doc! {"upsert": true}),
            OutsideScope,
            "owner",
        ),
        attack(
            "set the owner on insert by upsert",
            update(doc! {}, doc! {"$setOnInsert": {"owner": OTHER}}, doc! {"upsert": true}),
            OutsideScope,
            "owner",
        ),
        staged("compute the owner", doc! {"$set": {"owner": {"$concat": [OTHER]}}}),
        staged("compute the owner by add fields", doc! {"$addFields": {"owner": "$x"}}),
        staged("compute inside the owner", doc! {"$set": {"owner.x": 1}}),
        staged("unset the owner in a pipeline", doc! {"$unset": "owner"}),
        staged("unset the owner among others", doc! {"$unset": ["a", "owner"]}),
        staged("project the owner away", doc! {"$project": {"owner": 0}}),
        staged("project the owner anew", doc! {"$project": {"owner": OTHER}}),
        staged("project without the owner", doc! {"$project": {"a": 1}}),
        staged("project a computed field", doc! {"$project": {"a": {"$add": [1, 2]}}}),
        staged("project nested fields", doc! {"$project": {"a": {"b": 0, "c": 1}}}),
        staged("replace the root", doc! {"$replaceRoot": {"newRoot": "$x"}}),
        staged("replace with a literal", doc! {"$replaceWith": {"$literal": {"owner": OTHER}}}),
        staged("replace with the same", doc! {"$replaceWith": "$$ROOT"}),
        attack(
            "change the owner in the second stage",
            update_by([doc! {"$set": {"a": 1}}, doc! {"$set": {"owner": "x"}}], doc! {}),
            OutsideScope,
            "owner",
        ),
        attack(
            "upsert by a pipeline",
            update_by([doc! {"$set": {"a": 1}}], doc! {"upsert": true}),
            OutsideScope,
            "upsert",
        ),
        attack("insert for another", insert(doc! {"owner": OTHER}), OutsideScope, "owner"),
        attack("insert for another by ObjectId", insert(doc! {"owner": other}), OutsideScope, "owner"),
        attack("insert for several", insert(doc! {"owner": [ME]}), OutsideScope, "owner"),
        attack("insert for nobody", insert(doc! {"owner": null}), OutsideScope, "owner"),
        attack("insert for undefined", insert(doc! {"owner": Bson::Undefined}), OutsideScope, "owner"),
        attack(
            "insert for an id as bytes",
            insert(doc! {"owner": Binary { subtype: BinarySubtype::Generic, bytes: ME.into() }}),
            OutsideScope,
            "owner",
        ),
        attack(
            "insert for another among many",
            insert_many([doc! {"a": 1}, doc! {"owner": OTHER}], doc! {}),
            OutsideScope,
            "owner",
        ),
        attack("replace by another's", replace(doc! {}, doc! {"owner": OTHER}, doc! {}), OutsideScope, "owner"),
        attack(
            "replace by upsert",
            replace(doc! {"a": 1}, doc! {"owner": OTHER}, doc! {"upsert": true}),
            OutsideScope,
            "owner",
        ),
        attack("replace by a plain update", update(doc! {}, doc! {"owner": OTHER}, doc! {}), OutsideScope, "owner"),
        attack(
            "find and replace by another's",
            find_and_replace(doc! {}, doc! {"owner": OTHER}, doc! {}),
            OutsideScope,
            "owner",
        ),
        by_id("set another _id", update(doc! {}, doc! {"$set": {"_id": OTHER}}, doc! {})),
        by_id(
            "set another _id on insert",
            update(doc! {}, doc! {"$setOnInsert": {"_id": OTHER}}, doc! {"upsert": true}),
        ),
        by_id("insert another _id", insert(doc! {"_id": OTHER})),
        by_id("replace by another _id", replace(doc! {}, doc! {"_id": ObjectId::new()}, doc! {"upsert": true})),
        by_id("compute the _id", update_by([doc! {"$set": {"_id": "x"}}], doc! {})),
        by_id("project the _id away", update_by([doc! {"$project": {"_id": 0}}], doc! {})),
    ]
}
