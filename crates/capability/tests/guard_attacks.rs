//! Attempts to leave the scope, each by name, and well-behaved operations beside them.

mod support;

use std::time::Duration;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, Regex, bson, doc};
use support::*;
use usher_capability::guard::{self, Call, Checked};
use usher_capability::{RowFilter, Scope};
use usher_contract::ErrorCode::{self, InvalidDocument, OperationNotAllowed, OutsideScope};
use usher_contract::{Failure, Operation, Operations};

fn check(scope: &Scope, operation: &Operation) -> Result<Checked, Failure> {
    let call = Call { invocation: "65a0000000000000000000ff", remaining: Duration::from_secs(5) };
    guard::check(scope, operation, call)
}

fn pattern(pattern: &str) -> Bson {
    Bson::RegularExpression(Regex { pattern: pattern.try_into().unwrap(), options: "i".try_into().unwrap() })
}

struct Attack {
    name: &'static str,
    scope: Scope,
    operation: Operation,
    code: ErrorCode,
    offender: &'static str,
}

/// An attack on the caller's own part of the collection.
fn attack(name: &'static str, operation: Operation, code: ErrorCode, offender: &'static str) -> Attack {
    Attack { name, scope: mine(), operation, code, offender }
}

fn options(name: &'static str, options: Document, offender: &'static str) -> Attack {
    attack(name, find(doc! {}, options), OperationNotAllowed, offender)
}

#[test]
fn every_attack_is_refused_by_name() {
    let attacks: Vec<Attack> =
        [stages(), queries(), expressions(), projections(), updates(), owners(), documents(), all_options(), grants()]
            .into_iter()
            .flatten()
            .collect();
    let mut names = std::collections::HashSet::new();
    let mut failures = Vec::new();
    for Attack { name, scope, operation, code, offender } in &attacks {
        assert!(names.insert(*name), "the name {name} is used twice");
        match check(scope, operation) {
            Ok(passed) => failures.push(format!("{name}: passed as {:?}", Document::try_from(passed.command))),
            Err(failure) if !failure.is(*code) || !failure.message.contains(offender) => {
                failures.push(format!("{name}: expected {code} about {offender}, got {failure}"));
            }
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(attacks.len() >= 100, "only {} attacks", attacks.len());
}

/// Stages that reach other collections, or facts about the deployment.
fn stages() -> Vec<Attack> {
    let stage = |name, stage: Document, offender| attack(name, aggregate([stage]), OperationNotAllowed, offender);
    let mut attacks = vec![
        stage("lookup", doc! {"$lookup": {"from": "secrets", "localField": "a", "foreignField": "b", "as": "c"}}, "$lookup"),
        stage("lookup with a pipeline", doc! {"$lookup": {"from": "x", "pipeline": [], "as": "c"}}, "$lookup"),
        stage("graph lookup", doc! {"$graphLookup": {"from": "x", "startWith": "$a", "connectFromField": "a", "connectToField": "b", "as": "c"}}, "$graphLookup"),
        stage("union by name", doc! {"$unionWith": "secrets"}, "$unionWith"),
        stage("union with a pipeline", doc! {"$unionWith": {"coll": "x", "pipeline": []}}, "$unionWith"),
        stage("out", doc! {"$out": "stolen"}, "$out"),
        stage("out to another database", doc! {"$out": {"db": "admin", "coll": "x"}}, "$out"),
        stage("merge", doc! {"$merge": {"into": "users"}}, "$merge"),
        stage("documents", doc! {"$documents": [{"a": 1}]}, "$documents"),
        stage("current operations", doc! {"$currentOp": {}}, "$currentOp"),
        stage("sessions", doc! {"$listSessions": {}}, "$listSessions"),
        stage("local sessions", doc! {"$listLocalSessions": {"allUsers": true}}, "$listLocalSessions"),
        stage("collection statistics", doc! {"$collStats": {"count": {}}}, "$collStats"),
        stage("index statistics", doc! {"$indexStats": {}}, "$indexStats"),
        stage("plan cache", doc! {"$planCacheStats": {}}, "$planCacheStats"),
        stage("change stream", doc! {"$changeStream": {}}, "$changeStream"),
        stage("search", doc! {"$search": {"text": {"query": "a", "path": "b"}}}, "$search"),
        stage("search metadata", doc! {"$searchMeta": {}}, "$searchMeta"),
        stage("vector search", doc! {"$vectorSearch": {}}, "$vectorSearch"),
        stage("sampled queries", doc! {"$listSampledQueries": {}}, "$listSampledQueries"),
        stage("query statistics", doc! {"$queryStats": {}}, "$queryStats"),
        stage("sharded data", doc! {"$shardedDataDistribution": {}}, "$shardedDataDistribution"),
        stage("catalog", doc! {"$listCatalog": {}}, "$listCatalog"),
        stage("internal stage", doc! {"$_internalInhibitOptimization": {}}, "$_internalInhibitOptimization"),
        stage("densify", doc! {"$densify": {}}, "$densify"),
        stage("unknown stage", doc! {"$who": {}}, "$who"),
        stage("geo near before the row filter", doc! {"$geoNear": {"near": [0, 0], "distanceField": "d"}}, "$geoNear"),
        stage("lookup in a facet", doc! {"$facet": {"x": [{"$lookup": {"from": "s"}}]}}, "$lookup"),
        stage("union in a facet", doc! {"$facet": {"x": [{"$unionWith": "s"}]}}, "$unionWith"),
        stage("out in a facet", doc! {"$facet": {"x": [{"$match": {}}, {"$out": "s"}]}}, "$out"),
        stage("merge in a facet", doc! {"$facet": {"x": [{"$merge": "s"}]}}, "$merge"),
        stage("graph lookup in the second facet", doc! {"$facet": {"x": [], "y": [{"$graphLookup": {}}]}}, "$graphLookup"),
        stage("lookup in a facet in a facet", doc! {"$facet": {"x": [{"$facet": {"y": [{"$lookup": {}}]}}]}}, "$lookup"),
        stage("where in a match", doc! {"$match": {"$where": "true"}}, "$where"),
        stage("where in a match in a facet", doc! {"$facet": {"x": [{"$match": {"$where": "true"}}]}}, "$where"),
        stage("accumulator in a group", doc! {"$group": {"_id": 1, "a": {"$accumulator": {}}}}, "$accumulator"),
        stage("function in a group's key", doc! {"$group": {"_id": {"$function": {}}}}, "$function"),
        stage("function in a bucket", doc! {"$bucket": {"groupBy": {"$function": {}}, "boundaries": [0, 1]}}, "$function"),
        stage("accumulator in a bucket", doc! {"$bucketAuto": {"groupBy": "$a", "buckets": 2, "output": {"x": {"$accumulator": {}}}}}, "$accumulator"),
        stage("function in a window", doc! {"$setWindowFields": {"output": {"x": {"$sum": {"$function": {}}}}}}, "$function"),
        stage("function in redact", doc! {"$redact": {"$cond": [{"$function": {}}, "$$KEEP", "$$PRUNE"]}}, "$function"),
        stage("function in replace root", doc! {"$replaceRoot": {"newRoot": {"$function": {}}}}, "$function"),
        stage("function in sort by count", doc! {"$sortByCount": {"$function": {}}}, "$function"),
        stage("operator as a field of add fields", doc! {"$addFields": {"$function": {}}}, "$function"),
    ];
    attacks.push(attack("out at the end", aggregate([doc! {"$match": {}}, doc! {"$out": "x"}]), OperationNotAllowed, "$out"));
    attacks.push(attack("stage beside a harmless one", aggregate([doc! {"$match": {}, "$out": "x"}]), InvalidDocument, "stage"));
    attacks.push(attack("too many stages", aggregate((0..51).map(|_| doc! {"$skip": 1})), OperationNotAllowed, "50 stages"));
    attacks.push(attack(
        "too many stages in facets",
        aggregate([doc! {"$facet": {"x": (0..60).map(|_| bson!({"$skip": 1})).collect::<Vec<_>>()}}]),
        OperationNotAllowed,
        "50 stages",
    ));
    attacks.push(Attack { scope: whole(), ..attack("lookup on the whole collection", aggregate([doc! {"$lookup": {}}]), OperationNotAllowed, "$lookup") });
    attacks.push(Attack { scope: whole(), ..attack("out on the whole collection", aggregate([doc! {"$out": "x"}]), OperationNotAllowed, "$out") });
    attacks.push(Attack {
        scope: whole(),
        ..attack("where in geo near", aggregate([doc! {"$geoNear": {"near": [0, 0], "distanceField": "d", "query": {"$where": "1"}}}]), OperationNotAllowed, "$where")
    });
    attacks
}

fn queries() -> Vec<Attack> {
    let query = |name, filter: Document, offender| attack(name, find_one(filter), OperationNotAllowed, offender);
    vec![
        query("where", doc! {"$where": "this.owner != 'me'"}, "$where"),
        query("where as code", doc! {"$where": Bson::JavaScriptCode("true".into())}, "$where"),
        query("where in and", doc! {"$and": [{"a": 1}, {"$where": "true"}]}, "$where"),
        query("where in or", doc! {"$or": [{"$where": "true"}]}, "$where"),
        query("where in nor in or", doc! {"$or": [{"$nor": [{"$where": "true"}]}]}, "$where"),
        query("where in elemMatch", doc! {"a": {"$elemMatch": {"$where": "true"}}}, "$where"),
        query("where in elemMatch's or", doc! {"a": {"$elemMatch": {"$or": [{"$where": "true"}]}}}, "$where"),
        query("where in not", doc! {"a": {"$not": {"$where": "true"}}}, "$where"),
        query("where in all", doc! {"a": {"$all": [{"$elemMatch": {"$where": "1"}}]}}, "$where"),
        query("where on a field", doc! {"a": {"$where": "true"}}, "$where"),
        query("where behind an operator", doc! {"a": {"$gt": 1, "$where": "true"}}, "$where"),
        query("where in in", doc! {"a": {"$in": [{"$where": "true"}]}}, "$where"),
        query("where in a nested value", doc! {"a": {"b": {"$where": "true"}}}, "$where"),
        query("function in expr", doc! {"$expr": {"$function": {"body": "x", "args": [], "lang": "js"}}}, "$function"),
        query("function in expr in or", doc! {"$or": [{"a": 1}, {"$expr": {"$eq": [1, {"$function": {}}]}}]}, "$function"),
        query("expr inside elemMatch", doc! {"a": {"$elemMatch": {"$expr": true}}}, "$expr"),
        query("text inside elemMatch", doc! {"a": {"$elemMatch": {"$text": {"$search": "x"}}}}, "$text"),
        query("unknown argument of text", doc! {"$text": {"$search": "x", "$where": "1"}}, "$where"),
        query("unknown operator in geo", doc! {"a": {"$geoWithin": {"$where": "1"}}}, "$where"),
        query("where in a schema", doc! {"$jsonSchema": {"properties": {"$where": {}}}}, "$where"),
        query("where in a comment", doc! {"$comment": {"$where": "1"}}, "$where"),
        query("legacy query wrapper", doc! {"$query": {}, "$orderby": {}}, "$query"),
        query("internal operator", doc! {"$_internalSchemaAllowedProperties": {}}, "$_internalSchemaAllowedProperties"),
        query("always true", doc! {"$alwaysTrue": 1}, "$alwaysTrue"),
        query("sample rate", doc! {"$sampleRate": 1.0}, "$sampleRate"),
        query("unknown operator", doc! {"a": {"$who": 1}}, "$who"),
        query("unknown top level operator", doc! {"$who": 1}, "unknown top level operator: $who"),
        attack("where in count", count(doc! {"$where": "1"}), OperationNotAllowed, "$where"),
        attack("where in distinct", distinct("a", doc! {"$where": "1"}), OperationNotAllowed, "$where"),
        attack("distinct of a variable", distinct("$$ROOT", doc! {}), InvalidDocument, "$$ROOT"),
        attack("where in delete", delete(doc! {"$where": "1"}), OperationNotAllowed, "$where"),
        attack("where in delete-many", delete_many(doc! {"$or": [{"$where": "1"}]}), OperationNotAllowed, "$where"),
        attack("where in update", update(doc! {"$where": "1"}, doc! {"$set": {"a": 1}}, doc! {}), OperationNotAllowed, "$where"),
        attack("where in find-and-delete", find_and_delete(doc! {"$where": "1"}, doc! {}), OperationNotAllowed, "$where"),
        attack("where in find-and-replace", find_and_replace(doc! {"$where": "1"}, doc! {}, doc! {}), OperationNotAllowed, "$where"),
        attack("alternatives that are no queries", find_one(doc! {"$or": ["$where"]}), InvalidDocument, "alternative"),
    ]
}

fn expressions() -> Vec<Attack> {
    let function = || bson!({"$function": {"body": "x", "args": [], "lang": "js"}});
    let in_set = |name, expression: Bson, offender| {
        attack(name, aggregate([doc! {"$set": {"x": expression}}]), OperationNotAllowed, offender)
    };
    vec![
        in_set("function", function(), "$function"),
        in_set("function in cond", bson!({"$cond": {"if": true, "then": (function()), "else": 1}}), "$function"),
        in_set("function in cond as array", bson!({"$cond": [true, 1, (function())]}), "$function"),
        in_set("function in map", bson!({"$map": {"input": [1], "as": "a", "in": (function())}}), "$function"),
        in_set("function in map's input", bson!({"$map": {"input": (function()), "in": 1}}), "$function"),
        in_set("function in filter", bson!({"$filter": {"input": [1], "cond": (function())}}), "$function"),
        in_set("function in reduce", bson!({"$reduce": {"input": [1], "initialValue": 0, "in": (function())}}), "$function"),
        in_set("function in let", bson!({"$let": {"vars": {"a": (function())}, "in": "$$a"}}), "$function"),
        in_set("function in let's body", bson!({"$let": {"vars": {}, "in": [{"a": (function())}]}}), "$function"),
        in_set("function in switch", bson!({"$switch": {"branches": [{"case": true, "then": (function())}]}}), "$function"),
        in_set("function in an object", bson!({"a": {"b": {"c": (function())}}}), "$function"),
        in_set("function beside literal", bson!({"$literal": 1, "$function": {}}), "$function"),
        in_set("accumulator as expression", bson!({"$accumulator": {}}), "$accumulator"),
        in_set("roles of the database user", bson!("$$USER_ROLES"), "$$USER_ROLES"),
        in_set("a path in the roles", bson!("$$USER_ROLES.role"), "$$USER_ROLES"),
        in_set("search metadata variable", bson!("$$SEARCH_META"), "$$SEARCH_META"),
        in_set("unknown variable", bson!({"$concat": ["$$WHO", "x"]}), "$$WHO"),
        in_set("internal expression", bson!({"$_internalFindAllValuesAtPath": "a"}), "$_internalFindAllValuesAtPath"),
        in_set("unknown expression", bson!({"$who": 1}), "$who"),
        in_set("search details", bson!({"$meta": "searchScoreDetails"}), "searchScoreDetails"),
        in_set("record id", bson!({"$meta": "recordId"}), "recordId"),
        attack("roles in expr", find_one(doc! {"$expr": {"$in": ["x", "$$USER_ROLES"]}}), OperationNotAllowed, "$$USER_ROLES"),
    ]
}

fn projections() -> Vec<Attack> {
    let projected = |name, projection: Document, offender| {
        attack(name, find(doc! {}, doc! {"projection": projection}), OperationNotAllowed, offender)
    };
    vec![
        projected("function in a projection", doc! {"a": {"$function": {}}}, "$function"),
        projected("function nested in a projection", doc! {"a": {"b": {"$cond": [1, {"$function": {}}, 2]}}}, "$function"),
        projected("where in a projection's elemMatch", doc! {"a": {"$elemMatch": {"$where": "1"}}}, "$where"),
        projected("where as a projection", doc! {"$where": "1"}, "$where"),
        projected("lookup in a projection", doc! {"a": {"$lookup": {}}}, "$lookup"),
        projected("roles in a projection", doc! {"a": "$$USER_ROLES"}, "$$USER_ROLES"),
        attack(
            "function in find-and-update's projection",
            find_and_update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"projection": {"a": {"$function": {}}}}),
            OperationNotAllowed,
            "$function",
        ),
        attack("function in find-and-delete's projection", find_and_delete(doc! {}, doc! {"projection": {"a": {"$function": {}}}}), OperationNotAllowed, "$function"),
    ]
}

fn updates() -> Vec<Attack> {
    let changed = |name, change: Document, code, offender| attack(name, update(doc! {}, change, doc! {}), code, offender);
    let staged = |name, stage: Document, code, offender| attack(name, update_by([stage], doc! {}), code, offender);
    vec![
        changed("unknown modifier", doc! {"$who": {"a": 1}}, OperationNotAllowed, "Unknown modifier: $who"),
        changed("unknown modifier without fields", doc! {"$who": 1}, OperationNotAllowed, "$who"),
        changed("where as a modifier", doc! {"$where": {"a": 1}}, OperationNotAllowed, "$where"),
        changed("modifier and fields", doc! {"$set": {"a": 1}, "b": 1}, InvalidDocument, "operator"),
        changed("fields and modifier", doc! {"b": 1, "$set": {"a": 1}}, OperationNotAllowed, "operator"),
        changed("operator in set data", doc! {"$set": {"a": {"$where": 1}}}, InvalidDocument, "$where"),
        changed("operator in an array of set data", doc! {"$set": {"a": [{"b": {"$function": 1}}]}}, InvalidDocument, "$function"),
        changed("unknown modifier of push", doc! {"$push": {"a": {"$each": [], "$where": 1}}}, OperationNotAllowed, "$where"),
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
        staged("function deep in an update", doc! {"$addFields": {"a": {"$map": {"input": [], "in": {"$cond": [1, 2, {"$function": {}}]}}}}}, OperationNotAllowed, "$function"),
        staged("roles in an update", doc! {"$set": {"a": "$$USER_ROLES"}}, OperationNotAllowed, "$$USER_ROLES"),
        attack("function in find-and-update's stages", Operation::FindOneAndUpdate {
            filter: bytes(doc! {}), update: array([doc! {"$set": {"a": {"$function": {}}}}]), options: bytes(doc! {}),
        }, OperationNotAllowed, "$function"),
        attack("where in an array filter", update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": [{"x": {"$where": "1"}}]}), OperationNotAllowed, "$where"),
        attack("expr in an array filter", update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": [{"$expr": {"$function": {}}}]}), OperationNotAllowed, "$expr"),
        attack("where in an array filter's or", update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": [{"$or": [{"$where": "1"}]}]}), OperationNotAllowed, "$where"),
        attack("array filters that are no queries", update(doc! {}, doc! {"$set": {"a.$[x]": 1}}, doc! {"arrayFilters": ["$where"]}), InvalidDocument, "arrayFilters"),
    ]
}

/// Changing whose document it is, in every way there is.
fn owners() -> Vec<Attack> {
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
        attack("set the owner of many", update_many(doc! {}, doc! {"$set": {"owner": OTHER}}, doc! {}), OutsideScope, "owner"),
        attack("set the owner in find-and-update", find_and_update(doc! {}, doc! {"$set": {"owner": OTHER}}, doc! {}), OutsideScope, "owner"),
        attack("set the owner by upsert", update(doc! {}, doc! {"$set": {"owner": OTHER}}, doc! {"upsert": true}), OutsideScope, "owner"),
        attack("set the owner on insert by upsert", update(doc! {}, doc! {"$setOnInsert": {"owner": OTHER}}, doc! {"upsert": true}), OutsideScope, "owner"),
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
        attack("change the owner in the second stage", update_by([doc! {"$set": {"a": 1}}, doc! {"$set": {"owner": "x"}}], doc! {}), OutsideScope, "owner"),
        attack("upsert by a pipeline", update_by([doc! {"$set": {"a": 1}}], doc! {"upsert": true}), OutsideScope, "upsert"),
        attack("insert for another", insert(doc! {"owner": OTHER}), OutsideScope, "owner"),
        attack("insert for another by ObjectId", insert(doc! {"owner": other}), OutsideScope, "owner"),
        attack("insert for several", insert(doc! {"owner": [ME]}), OutsideScope, "owner"),
        attack("insert for nobody", insert(doc! {"owner": null}), OutsideScope, "owner"),
        attack("insert for undefined", insert(doc! {"owner": Bson::Undefined}), OutsideScope, "owner"),
        attack("insert for an id as bytes", insert(doc! {"owner": Binary { subtype: BinarySubtype::Generic, bytes: ME.into() }}), OutsideScope, "owner"),
        attack("insert for another among many", insert_many([doc! {"a": 1}, doc! {"owner": OTHER}], doc! {}), OutsideScope, "owner"),
        attack("replace by another's", replace(doc! {}, doc! {"owner": OTHER}, doc! {}), OutsideScope, "owner"),
        attack("replace by upsert", replace(doc! {"a": 1}, doc! {"owner": OTHER}, doc! {"upsert": true}), OutsideScope, "owner"),
        attack("replace by a plain update", update(doc! {}, doc! {"owner": OTHER}, doc! {}), OutsideScope, "owner"),
        attack("find and replace by another's", find_and_replace(doc! {}, doc! {"owner": OTHER}, doc! {}), OutsideScope, "owner"),
        by_id("set another _id", update(doc! {}, doc! {"$set": {"_id": OTHER}}, doc! {})),
        by_id("set another _id on insert", update(doc! {}, doc! {"$setOnInsert": {"_id": OTHER}}, doc! {"upsert": true})),
        by_id("insert another _id", insert(doc! {"_id": OTHER})),
        by_id("replace by another _id", replace(doc! {}, doc! {"_id": ObjectId::new()}, doc! {"upsert": true})),
        by_id("compute the _id", update_by([doc! {"$set": {"_id": "x"}}], doc! {})),
        by_id("project the _id away", update_by([doc! {"$project": {"_id": 0}}], doc! {})),
    ]
}

fn documents() -> Vec<Attack> {
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
        attack("an operator in a replacement", replace(doc! {}, doc! {"$set": {"a": 1}}, doc! {}), OperationNotAllowed, "atomic operators"),
        attack("an operator deep in a replacement", replace(doc! {}, doc! {"a": {"$gt": 1}}, doc! {}), InvalidDocument, "$gt"),
        attack("the owner twice", Operation::InsertOne { document: twice.as_bytes().to_vec() }, InvalidDocument, "owner"),
        attack("the owner twice in a replacement", Operation::ReplaceOne { filter: bytes(doc! {}), replacement: twice.into_bytes(), options: bytes(doc! {}) }, InvalidDocument, "owner"),
        attack("an operator twice", Operation::UpdateOne { filter: bytes(doc! {}), update: operators.into_bytes(), options: bytes(doc! {}) }, InvalidDocument, "$set"),
        attack("an option twice", Operation::UpdateOne { filter: bytes(doc! {}), update: bytes(doc! {"$set": {"a": 1}}), options: doubled.into_bytes() }, InvalidDocument, "upsert"),
        attack("a query that is too deep", find_one(deep), InvalidDocument, "deep"),
        attack("bytes that are no document", Operation::FindOne { filter: truncated.clone(), options: bytes(doc! {}) }, InvalidDocument, "BSON"),
        attack("no bytes for a query", Operation::FindOne { filter: vec![], options: bytes(doc! {}) }, InvalidDocument, "BSON"),
        attack("documents that run over their end", Operation::InsertMany { documents: truncated, options: bytes(doc! {}) }, InvalidDocument, "bytes"),
        attack("no documents", insert_many([], doc! {}), InvalidDocument, "must provide at least one element"),
        attack("a pipeline that is no array", Operation::Aggregate { pipeline: bytes(doc! {"$out": "x"}), options: bytes(doc! {}) }, InvalidDocument, "array"),
        attack("an oversized insert", insert_many((0..3).map(|_| doc! {"a": "x".repeat(6 << 20)}), doc! {}), InvalidDocument, "split"),
        attack("an empty step in a path", update(doc! {}, doc! {"$set": {".owner": 1}}, doc! {}), InvalidDocument, ".owner"),
    ]
}

fn all_options() -> Vec<Attack> {
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
        attack("a sort by an expression", find(doc! {}, doc! {"sort": {"a": {"$function": {}}}}), InvalidDocument, "sort"),
        attack("a sort by another score", find(doc! {}, doc! {"sort": {"a": {"$meta": "searchScore"}}}), InvalidDocument, "sort"),
        attack("a sort stage by an expression", aggregate([doc! {"$sort": {"a": {"$function": {}}}}]), InvalidDocument, "$sort"),
        attack("a hint that is a number", find(doc! {}, doc! {"hint": 1}), InvalidDocument, "hint"),
        attack("a write concern", update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"writeConcern": {"w": 0}}), OperationNotAllowed, "writeConcern"),
        attack("bypassing validation", insert_many([doc! {"a": 1}], doc! {"bypassDocumentValidation": true}), OperationNotAllowed, "bypassDocumentValidation"),
        attack("multi in an update of one", update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"multi": true}), OperationNotAllowed, "multi"),
        attack("an upsert that is no flag", update(doc! {}, doc! {"$set": {"a": 1}}, doc! {"upsert": 1}), InvalidDocument, "upsert"),
        attack("explain", Operation::Aggregate { pipeline: array([]), options: bytes(doc! {"explain": true}) }, OperationNotAllowed, "explain"),
        attack("array filters in a replacement", replace(doc! {}, doc! {"a": 1}, doc! {"arrayFilters": []}), OperationNotAllowed, "arrayFilters"),
    ]
}

/// Operations that a grant does not allow.
fn grants() -> Vec<Attack> {
    let without = |change: fn(&mut Operations)| {
        let mut scope = whole();
        change(&mut scope.operations);
        scope
    };
    let refused = |name, scope, operation, offender| Attack { scope, ..attack(name, operation, OperationNotAllowed, offender) };
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
        refused("replacing upsert without insert", no_insert(), replace(doc! {}, doc! {}, doc! {"upsert": true}), "insert"),
        refused("find-and-update upsert without insert", no_insert(), find_and_update(doc! {}, set(), doc! {"upsert": true}), "insert"),
        refused("update without update", no_update(), update(doc! {}, set(), doc! {}), "update"),
        refused("update-many without update", no_update(), update_many(doc! {}, set(), doc! {}), "update"),
        refused("replace without update", no_update(), replace(doc! {}, doc! {}, doc! {}), "update"),
        refused("find-and-replace without update", no_update(), find_and_replace(doc! {}, doc! {}, doc! {}), "update"),
        refused("delete without delete", no_delete(), delete(doc! {}), "delete"),
        refused("delete-many without delete", no_delete(), delete_many(doc! {}), "delete"),
        refused("find-and-delete without delete", no_delete(), find_and_delete(doc! {}, doc! {}), "delete"),
    ]
}

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
        ("types and sizes", find_one(doc! {"a": {"$exists": true, "$type": ["string", "int"]}, "b": {"$size": 2}, "c": {"$mod": [2, 0]}})),
        ("bits", find_one(doc! {"a": {"$bitsAllSet": [1, 2]}})),
        ("an expression", find_one(doc! {"$expr": {"$gt": ["$a", "$b"]}})),
        ("a schema", find_one(doc! {"$jsonSchema": {"bsonType": "object", "required": ["a"]}})),
        ("near", find_one(doc! {"at": {"$near": {"$geometry": point(), "$maxDistance": 5}}})),
        ("within", find_one(doc! {"at": {"$geoWithin": {"$centerSphere": [[0, 0], 1]}}})),
        ("words", find_one(doc! {"$text": {"$search": "coffee"}})),
        ("a reference", find_one(doc! {"a": {"$ref": "x", "$id": 1}, "b.$id": 2})),
        ("text that looks like an operator", find_one(doc! {"a": "$where", "b": "$$USER_ROLES"})),
        ("every option of find", find(doc! {}, doc! {"projection": {"a": 1, "_id": 0}, "sort": {"a": -1, "b": 1.0}, "skip": 1, "limit": 5_i64, "batchSize": 10.0, "hint": {"a": 1}})),
        ("options that are null", find(doc! {}, doc! {"sort": null, "limit": Bson::Undefined})),
        ("no bytes for options", Operation::FindOne { filter: bytes(doc! {}), options: vec![] }),
        ("a simple collation", find(doc! {}, doc! {"collation": {"locale": "simple"}})),
        ("projection operators", find(doc! {}, doc! {"projection": {"a": {"$slice": [1, 2]}, "b": {"$elemMatch": {"c": 1}}, "d": {"$meta": "textScore"}, "e": {"$add": ["$x", 1]}, "f.$": 1}})),
        ("sorting by score", find(doc! {"$text": {"$search": "x"}}, doc! {"sort": {"s": {"$meta": "textScore"}}})),
        ("count", count(doc! {"a": {"$gt": 1}})),
        ("distinct", distinct("a.b", doc! {"c": 1})),
        ("a pipeline", aggregate([
            doc! {"$match": {"a": 1}}, doc! {"$set": {"b": {"$concat": ["$x", "-", {"$toString": "$y"}]}}},
            doc! {"$group": {"_id": "$b", "n": {"$sum": 1}, "all": {"$push": "$$ROOT"}}}, doc! {"$sort": {"n": -1}},
            doc! {"$limit": 5}, doc! {"$project": {"_id": 0, "n": 1}},
        ])),
        ("an empty pipeline", aggregate([])),
        ("facets", aggregate([doc! {"$facet": {"n": [{"$count": "n"}], "top": [{"$sort": {"a": 1}}, {"$limit": 3}]}}])),
        ("unwinding", aggregate([doc! {"$unwind": {"path": "$a", "preserveNullAndEmptyArrays": true}}, doc! {"$sortByCount": "$a"}])),
        ("buckets", aggregate([doc! {"$bucket": {"groupBy": "$a", "boundaries": [0, 10], "default": "x", "output": {"n": {"$sum": 1}}}}])),
        ("windows", aggregate([doc! {"$setWindowFields": {"partitionBy": "$a", "sortBy": {"b": 1}, "output": {"n": {"$sum": "$c", "window": {"documents": ["unbounded", "current"]}}}}}])),
        ("variables of its own", aggregate([doc! {"$set": {"a": {"$let": {"vars": {"x": 1}, "in": {"$map": {"input": "$b", "as": "y", "in": {"$add": ["$$x", "$$y.z", "$$this"]}}}}}}}])),
        ("literals", aggregate([doc! {"$set": {"a": {"$literal": {"$function": "not evaluated"}}}}])),
        ("redaction", aggregate([doc! {"$redact": {"$cond": [{"$eq": ["$a", 1]}, "$$KEEP", "$$PRUNE"]}}])),
        ("reshaping after the row filter", aggregate([doc! {"$project": {"owner": 0}}, doc! {"$replaceWith": {"a": "$a", "owner": "x"}}])),
        ("insert", insert(doc! {"a": 1, "b": {"c": [1, {"d": 2}]}})),
        ("insert with one's own id", insert(doc! {"owner": ME})),
        ("insert with one's own id as ObjectId", insert(doc! {"owner": ObjectId::parse_str(ME).unwrap()})),
        ("insert a reference", insert(doc! {"a": {"$ref": "x", "$id": 1, "$db": "y"}})),
        ("insert many", insert_many([doc! {"a": 1}, doc! {"_id": 5, "owner": ME}], doc! {"ordered": false})),
        ("set", update(doc! {"a": 1}, set(), doc! {})),
        ("every update operator", update(doc! {}, doc! {
            "$set": {"a": {"b": 1}}, "$unset": {"c": ""}, "$inc": {"d": 1}, "$mul": {"e": 2}, "$min": {"f": 1}, "$max": {"g": 1},
            "$rename": {"h": "i"}, "$currentDate": {"j": true, "k": {"$type": "date"}}, "$setOnInsert": {"l": 1},
            "$push": {"m": {"$each": [1], "$slice": -5, "$sort": {"x": 1}, "$position": 0}}, "$addToSet": {"n": {"$each": [1]}},
            "$pull": {"o": {"$gte": 5}, "p": {"q": 1, "r": {"$in": [1]}}}, "$pullAll": {"s": [1]}, "$pop": {"t": 1}, "$bit": {"u": {"and": 1}},
        }, doc! {})),
        ("set one's own id", update(doc! {}, doc! {"$set": {"owner": ME, "a": 1}}, doc! {})),
        ("a field whose name begins like the owner's", update(doc! {}, doc! {"$set": {"ownership": 1, "x.owner": 2}}, doc! {})),
        ("positions and array filters", update(doc! {"a": 1}, doc! {"$set": {"a.$": 2, "b.$[].c": 1, "d.$[x].e": 1}}, doc! {"arrayFilters": [{"x.f": {"$gt": 1}}]})),
        ("upsert", update(doc! {"a": 1}, set(), doc! {"upsert": true})),
        ("a plain update", update(doc! {}, doc! {"a": 1}, doc! {})),
        ("update many", update_many(doc! {}, set(), doc! {})),
        ("a pipeline update", update_by([doc! {"$set": {"a": {"$add": ["$a", 1]}}}, doc! {"$unset": ["b"]}, doc! {"$project": {"c": 0, "d": {"e": 0}}}], doc! {})),
        ("replace", replace(doc! {"a": 1}, doc! {"a": 2}, doc! {"upsert": true})),
        ("delete", delete(doc! {"a": 1})),
        ("delete many", delete_many(doc! {})),
        ("find and update", find_and_update(doc! {}, set(), doc! {"returnNewDocument": true, "sort": {"a": 1}, "projection": {"a": 1}, "upsert": true})),
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

fn command(scope: &Scope, operation: &Operation) -> Document {
    Document::try_from(check(scope, operation).unwrap().command).unwrap()
}

#[test]
fn the_row_filter_is_conjoined_with_every_query() {
    let rows = doc! {"owner": {"$in": [ME, ObjectId::parse_str(ME).unwrap()]}};
    let both = doc! {"$and": [rows.clone(), {"a": 1}]};
    let filter = || doc! {"a": 1};
    let set = || doc! {"$set": {"b": 1}};
    assert_eq!(command(&mine(), &find_one(doc! {})).get_document("filter").unwrap(), &rows);
    assert_eq!(command(&mine(), &find_one(filter())).get_document("filter").unwrap(), &both);
    assert_eq!(command(&mine(), &find(filter(), doc! {})).get_document("filter").unwrap(), &both);
    assert_eq!(command(&mine(), &distinct("a", filter())).get_document("query").unwrap(), &both);
    for operation in [find_and_update(filter(), set(), doc! {}), find_and_replace(filter(), doc! {}, doc! {}), find_and_delete(filter(), doc! {})] {
        assert_eq!(command(&mine(), &operation).get_document("query").unwrap(), &both);
    }
    for (key, operation) in [
        ("updates", update(filter(), set(), doc! {})),
        ("updates", update_many(filter(), set(), doc! {})),
        ("updates", replace(filter(), doc! {}, doc! {})),
        ("deletes", delete(filter())),
        ("deletes", delete_many(filter())),
    ] {
        let command = command(&mine(), &operation);
        assert_eq!(command.get_array(key).unwrap()[0].as_document().unwrap().get_document("q").unwrap(), &both);
    }
    for operation in [aggregate([doc! {"$match": filter()}, doc! {"$skip": 1}]), count(filter())] {
        let command = command(&mine(), &operation);
        assert_eq!(command.get_array("pipeline").unwrap()[0], bson!({"$match": (both.clone())}));
    }
    let command = command(&mine(), &aggregate([doc! {"$skip": 1}]));
    assert_eq!(command.get_array("pipeline").unwrap(), &[bson!({"$match": (rows)}), bson!({"$skip": 1})]);
}

#[test]
fn one_value_is_compared_plainly() {
    let scope = Scope { rows: Some(RowFilter { field: "owner".into(), values: vec![ME.into()] }), ..whole() };
    assert_eq!(command(&scope, &find_one(doc! {})).get_document("filter").unwrap(), &doc! {"owner": ME});
}

#[test]
fn every_command_carries_time_comment_and_caps() {
    let command = command(&mine(), &find(doc! {}, doc! {"limit": 1_000_000, "batchSize": 5000}));
    assert_eq!(command.get_i32("maxTimeMS").unwrap(), 5000);
    assert_eq!(command.get_str("comment").unwrap(), "65a0000000000000000000ff");
    assert_eq!(command.get_i64("limit").unwrap(), 50_000);
    assert_eq!(command.get_i64("batchSize").unwrap(), 101);
    assert_eq!(command.keys().next().unwrap(), "find");
    let call = Call { invocation: "x", remaining: Duration::ZERO };
    let checked = guard::check(&mine(), &find_one(doc! {}), call).unwrap();
    assert_eq!(checked.command.get_i32("maxTimeMS").unwrap(), 1, "zero would be no limit");
}

#[test]
fn the_place_of_the_offender_is_told() {
    let operation = aggregate([doc! {"$skip": 1}, doc! {"$facet": {"x": [{"$match": {"$or": [{"$where": "1"}]}}]}}]);
    let failure = check(&mine(), &operation).unwrap_err();
    assert!(failure.message.ends_with("(at pipeline.1.$facet.x.0.$match.$or.0)"), "{failure}");
}

#[test]
fn a_case_ignoring_collation_is_fine_where_no_id_is_text() {
    let operation = find(doc! {}, doc! {"collation": {"locale": "en", "strength": 1}});
    let id = Bson::ObjectId(ObjectId::parse_str(ME).unwrap());
    let scope = Scope { rows: Some(RowFilter { field: "owner".into(), values: vec![id] }), ..whole() };
    assert!(check(&scope, &operation).is_ok());
    assert!(check(&whole(), &operation).is_ok());
}
