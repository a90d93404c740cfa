//! Attacks by reading: stages, queries, expressions, projections.

use bson::{Bson, Document, bson, doc};
use usher_contract::ErrorCode::{InvalidDocument, OperationNotAllowed};

use super::support::*;
use super::{Attack, attack};

/// Stages that reach other collections, or facts about the deployment.
pub(crate) fn stages() -> Vec<Attack> {
    let stage = |name, stage: Document, offender| attack(name, aggregate([stage]), OperationNotAllowed, offender);
    let mut attacks = vec![
        stage(
            "lookup",
            doc! {"$lookup": {"from": "secrets", "localField": "a", "foreignField": "b", "as": "c"}},
            "$lookup",
        ),
        stage("lookup with a pipeline", doc! {"$lookup": {"from": "x", "pipeline": [], "as": "c"}}, "$lookup"),
        stage(
            "graph lookup",
            doc! {"$graphLookup": {"from": "x", "startWith": "$a", "connectFromField": "a", "connectToField": "b", "as": "c"}},
            "$graphLookup",
        ),
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
        stage(
            "graph lookup in the second facet",
            doc! {"$facet": {"x": [], "y": [{"$graphLookup": {}}]}},
            "$graphLookup",
        ),
        stage(
            "lookup in a facet in a facet",
            doc! {"$facet": {"x": [{"$facet": {"y": [{"$lookup": {}}]}}]}},
            "$lookup",
        ),
        stage("where in a match", doc! {"$match": {"$where": "true"}}, "$where"),
        stage("where in a match in a facet", doc! {"$facet": {"x": [{"$match": {"$where": "true"}}]}}, "$where"),
        stage("accumulator in a group", doc! {"$group": {"_id": 1, "a": {"$accumulator": {}}}}, "$accumulator"),
        stage("function in a group's key", doc! {"$group": {"_id": {"$function": {}}}}, "$function"),
        stage(
            "function in a bucket",
            doc! {"$bucket": {"groupBy": {"$function": {}}, "boundaries": [0, 1]}},
            "$function",
        ),
        stage(
            "accumulator in a bucket",
            doc! {"$bucketAuto": {"groupBy": "$a", "buckets": 2, "output": {"x": {"$accumulator": {}}}}},
            "$accumulator",
        ),
        stage(
            "function in a window",
            doc! {"$setWindowFields": {"output": {"x": {"$sum": {"$function": {}}}}}},
            "$function",
        ),
        stage("function in redact", doc! {"$redact": {"$cond": [{"$function": {}}, "$$KEEP", "$$PRUNE"]}}, "$function"),
        stage("function in replace root", doc! {"$replaceRoot": {"newRoot": {"$function": {}}}}, "$function"),
        stage("function in sort by count", doc! {"$sortByCount": {"$function": {}}}, "$function"),
        stage("operator as a field of add fields", doc! {"$addFields": {"$function": {}}}, "$function"),
    ];
    attacks.push(attack(
        "out at the end",
        aggregate([doc! {"$match": {}}, doc! {"$out": "x"}]),
        OperationNotAllowed,
        "$out",
    ));
    attacks.push(attack(
        "stage beside a harmless one",
        aggregate([doc! {"$match": {}, "$out": "x"}]),
        InvalidDocument,
        "stage",
    ));
    attacks.push(attack(
        "too many stages",
        aggregate((0..51).map(|_| doc! {"$skip": 1})),
        OperationNotAllowed,
        "50 stages",
    ));
    attacks.push(attack(
        "too many stages in facets",
        aggregate([doc! {"$facet": {"x": (0..60).map(|_| bson!({"$skip": 1})).collect::<Vec<_>>()}}]),
        OperationNotAllowed,
        "50 stages",
    ));
    attacks.push(Attack {
        scope: whole(),
        ..attack("lookup on the whole collection", aggregate([doc! {"$lookup": {}}]), OperationNotAllowed, "$lookup")
    });
    attacks.push(Attack {
        scope: whole(),
        ..attack("out on the whole collection", aggregate([doc! {"$out": "x"}]), OperationNotAllowed, "$out")
    });
    attacks.push(Attack {
        scope: whole(),
        ..attack(
            "where in geo near",
            aggregate([doc! {"$geoNear": {"near": [0, 0], "distanceField": "d", "query": {"$where": "1"}}}]),
            OperationNotAllowed,
            "$where",
        )
    });
    attacks
}

pub(crate) fn queries() -> Vec<Attack> {
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
        query(
            "function in expr in or",
            doc! {"$or": [{"a": 1}, {"$expr": {"$eq": [1, {"$function": {}}]}}]},
            "$function",
        ),
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
        attack(
            "where in update",
            update(doc! {"$where": "1"}, doc! {"$set": {"a": 1}}, doc! {}),
            OperationNotAllowed,
            "$where",
        ),
        attack(
            "where in find-and-delete",
            find_and_delete(doc! {"$where": "1"}, doc! {}),
            OperationNotAllowed,
            "$where",
        ),
        attack(
            "where in find-and-replace",
            find_and_replace(doc! {"$where": "1"}, doc! {}, doc! {}),
            OperationNotAllowed,
            "$where",
        ),
        attack("alternatives that are no queries", find_one(doc! {"$or": ["$where"]}), InvalidDocument, "alternative"),
    ]
}

pub(crate) fn expressions() -> Vec<Attack> {
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
        in_set(
            "function in reduce",
            bson!({"$reduce": {"input": [1], "initialValue": 0, "in": (function())}}),
            "$function",
        ),
        in_set("function in let", bson!({"$let": {"vars": {"a": (function())}, "in": "$$a"}}), "$function"),
        in_set("function in let's body", bson!({"$let": {"vars": {}, "in": [{"a": (function())}]}}), "$function"),
        in_set(
            "function in switch",
            bson!({"$switch": {"branches": [{"case": true, "then": (function())}]}}),
            "$function",
        ),
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
        attack(
            "roles in expr",
            find_one(doc! {"$expr": {"$in": ["x", "$$USER_ROLES"]}}),
            OperationNotAllowed,
            "$$USER_ROLES",
        ),
    ]
}

pub(crate) fn projections() -> Vec<Attack> {
    let projected = |name, projection: Document, offender| {
        attack(name, find(doc! {}, doc! {"projection": projection}), OperationNotAllowed, offender)
    };
    vec![
        projected("function in a projection", doc! {"a": {"$function": {}}}, "$function"),
        projected(
            "function nested in a projection",
            doc! {"a": {"b": {"$cond": [1, {"$function": {}}, 2]}}},
            "$function",
        ),
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
        attack(
            "function in find-and-delete's projection",
            find_and_delete(doc! {}, doc! {"projection": {"a": {"$function": {}}}}),
            OperationNotAllowed,
            "$function",
        ),
    ]
}
