//! Attacks by stages that reach other collections, where some collections are granted, and what then passes.

use bson::{Bson, Document, bson, doc};
use usher_capability::guard::Answer;
use usher_capability::{Other, Scope};
use usher_contract::ErrorCode::{InvalidDocument, OperationNotAllowed};
use usher_contract::{ErrorCode, Operations};

use super::support::*;
use super::{Attack, attack, check};

const READ: Operations = Operations { read: true, insert: false, update: false, delete: false };

fn other(database: &str, collection: Option<&str>, operations: Operations) -> Other {
    Other { database: database.to_owned(), collection: collection.map(str::to_owned), operations }
}

/// The collection `users`, with others beside it.
fn several() -> Scope {
    let others = vec![
        other("app", Some("orders"), READ),
        other("app", Some("log"), Operations { insert: true, ..READ }),
        other("app", Some("stock"), Operations { insert: true, update: true, ..READ }),
        other("app", Some("report"), Operations { insert: true, delete: true, ..READ }),
        other("app", Some("blind"), Operations { read: false, ..Operations::ALL }),
        other("shop", None, Operations::ALL),
    ];
    Scope { others, ..whole() }
}

/// Everything granted that can be written down, and more than an app may be granted.
fn everything() -> Scope {
    let databases = ["app", "usher", "Usher", "admin", "config", "local"];
    let mut others: Vec<Other> = databases.map(|name| other(name, None, Operations::ALL)).into();
    others.push(other("app", Some("system.views"), Operations::ALL));
    Scope { others, ..whole() }
}

fn case(name: &'static str, scope: Scope, stages: Vec<Document>, code: ErrorCode, offender: &'static str) -> Attack {
    Attack { scope, ..attack(name, aggregate(stages), code, offender) }
}

fn one(name: &'static str, stage: Document, offender: &'static str) -> Attack {
    case(name, several(), vec![stage], OperationNotAllowed, offender)
}

fn lookup(from: &str) -> Document {
    doc! {"$lookup": {"from": from, "localField": "a", "foreignField": "b", "as": "c"}}
}

fn lookup_with(pipeline: Bson) -> Document {
    doc! {"$lookup": {"from": "orders", "let": {"a": "$a"}, "pipeline": pipeline, "as": "c"}}
}

fn graph(from: &str) -> Document {
    doc! {"$graphLookup": {"from": from, "startWith": "$a", "connectFromField": "b", "connectToField": "c", "as": "d"}}
}

pub(crate) fn reads() -> Vec<Attack> {
    let secret = "`secrets` of the database `app`";
    let part = || Scope { others: several().others, ..mine() };
    let function = || bson!({"$function": {"body": "x", "args": [], "lang": "js"}});
    let with = |key: &str, value: Bson| {
        let mut stage = lookup("orders");
        stage.get_document_mut("$lookup").unwrap().insert(key, value);
        stage
    };
    let graph_with = |key: &str, value: Bson| {
        let mut stage = graph("orders");
        stage.get_document_mut("$graphLookup").unwrap().insert(key, value);
        stage
    };
    let mut twice = bson::RawDocumentBuf::new();
    twice.append(bson::raw::cstr!("from"), "orders");
    twice.append(bson::raw::cstr!("from"), "secrets");
    twice.append(bson::raw::cstr!("as"), "c");
    let mut twice_stage = bson::RawDocumentBuf::new();
    twice_stage.append(bson::raw::cstr!("$lookup"), twice);
    let mut twice_pipeline = bson::RawDocumentBuf::new();
    twice_pipeline.append(bson::raw::cstr!("0"), twice_stage);
    let twice = usher_contract::Operation::Aggregate { pipeline: twice_pipeline.into_bytes(), options: vec![] };
    vec![
        one("lookup of an unknown collection", lookup("secrets"), secret),
        one("graph lookup of an unknown collection", graph("secrets"), secret),
        one("union with an unknown collection", doc! {"$unionWith": "secrets"}, secret),
        one("union with an unknown collection and a pipeline", doc! {"$unionWith": {"coll": "secrets"}}, secret),
        one("lookup of a collection without read", lookup("blind"), "blind"),
        one("lookup of a name from another database", lookup("sales"), "`sales` of the database `app`"),
        one("lookup of a qualified name", lookup("shop.sales"), "shop.sales"),
        one("lookup by database and collection", with("from", bson!({"db": "shop", "coll": "sales"})), "from"),
        one("lookup without a collection", doc! {"$lookup": {"pipeline": [], "as": "c"}}, "has to name a collection"),
        one("union without a collection", doc! {"$unionWith": {"pipeline": []}}, "has to name a collection"),
        one("union by database", doc! {"$unionWith": {"db": "shop", "coll": "orders"}}, "`db`"),
        one("documents in a union", doc! {"$unionWith": {"pipeline": [{"$documents": []}]}}, "$documents"),
        one("lookup in a lookup's pipeline", lookup_with(bson!([(lookup("secrets"))])), secret),
        one("union in a lookup's pipeline", lookup_with(bson!([{"$unionWith": "secrets"}])), secret),
        one(
            "lookup in a union in a lookup",
            lookup_with(bson!([{"$unionWith": {"coll": "orders", "pipeline": [(lookup("secrets"))]}}])),
            secret,
        ),
        one("lookup in a facet, unknown", doc! {"$facet": {"x": [lookup("secrets")]}}, secret),
        one(
            "graph lookup in a facet in a lookup",
            lookup_with(bson!([{"$facet": {"x": [(graph("secrets"))]}}])),
            secret,
        ),
        one("where in a lookup's pipeline", lookup_with(bson!([{"$match": {"$where": "1"}}])), "$where"),
        one("function in a lookup's pipeline", lookup_with(bson!([{"$set": {"x": (function())}}])), "$function"),
        one("function in a lookup's expr", lookup_with(bson!([{"$match": {"$expr": (function())}}])), "$function"),
        one("function in a lookup's variables", with("let", bson!({"x": (function())})), "$function"),
        one("roles in a lookup's variables", with("let", bson!({"x": "$$USER_ROLES"})), "$$USER_ROLES"),
        one("statistics in a lookup's pipeline", lookup_with(bson!([{"$collStats": {}}])), "$collStats"),
        one("merge in a lookup's pipeline", lookup_with(bson!([{"$merge": "stock"}])), "$merge"),
        one(
            "out in a union's pipeline",
            doc! {"$unionWith": {"coll": "orders", "pipeline": [{"$out": "report"}]}},
            "$out",
        ),
        one("unknown argument of lookup", with("_internalUnwind", bson!({})), "_internalUnwind"),
        one("pipeline that is no array", with("pipeline", bson!({"$out": "report"})), "pipeline"),
        one("function in a graph's start", graph_with("startWith", function()), "$function"),
        one("where in a graph's condition", graph_with("restrictSearchWithMatch", bson!({"$where": "1"})), "$where"),
        one("pipeline in a graph lookup", graph_with("pipeline", bson!([])), "pipeline"),
        case("lookup that is no document", several(), vec![doc! {"$lookup": "orders"}], InvalidDocument, "document"),
        case("lookup beside a row filter", part(), vec![lookup("orders")], OperationNotAllowed, "$lookup"),
        case("own lookup beside a row filter", part(), vec![lookup("users")], OperationNotAllowed, "$lookup"),
        case(
            "union beside a row filter",
            part(),
            vec![doc! {"$unionWith": "orders"}],
            OperationNotAllowed,
            "$unionWith",
        ),
        case(
            "lookup of itself where nothing else is granted",
            whole(),
            vec![lookup("users")],
            OperationNotAllowed,
            "$lookup",
        ),
        case(
            "lookup of a system collection",
            everything(),
            vec![lookup("system.users")],
            OperationNotAllowed,
            "system.users",
        ),
        case(
            "lookup of a granted system collection",
            everything(),
            vec![lookup("system.views")],
            OperationNotAllowed,
            "system.views",
        ),
        case(
            "lookup of buckets",
            everything(),
            vec![lookup("system.buckets.x")],
            OperationNotAllowed,
            "system.buckets",
        ),
        case(
            "lookup of a command collection",
            everything(),
            vec![lookup("$cmd.aggregate")],
            OperationNotAllowed,
            "$cmd",
        ),
        case("lookup of no name", everything(), vec![lookup("")], OperationNotAllowed, "$lookup"),
        case(
            "too many stages in lookups",
            several(),
            (0..6).map(|_| lookup_with(Bson::Array(vec![bson!({"$skip": 1}); 9]))).collect(),
            OperationNotAllowed,
            "50 stages",
        ),
        Attack { scope: several(), ..attack("lookup of two collections", twice, OperationNotAllowed, secret) },
    ]
}

pub(crate) fn writes() -> Vec<Attack> {
    let part = || Scope { others: several().others, ..mine() };
    let into = |key: &str, value: Bson| {
        let mut stage = doc! {"$merge": {"into": "stock"}};
        stage.get_document_mut("$merge").unwrap().insert(key, value);
        stage
    };
    let not_last = |stage| vec![stage, doc! {"$match": {}}];
    vec![
        one("merge into an unknown collection", doc! {"$merge": "secrets"}, "insert and update"),
        one("merge by document into an unknown collection", into("into", "secrets".into()), "secrets"),
        one("merge without update", doc! {"$merge": "log"}, "to update in the collection `log`"),
        one("merge without update, by delete", doc! {"$merge": "report"}, "to update"),
        one("merge into another database", into("into", bson!({"db": "other", "coll": "stock"})), "other"),
        one("out to an unknown collection", doc! {"$out": "secrets"}, "insert and delete"),
        one("out without delete", doc! {"$out": "stock"}, "to delete in the collection `stock`"),
        one("out to another database, unknown", doc! {"$out": {"db": "other", "coll": "report"}}, "other"),
        one("out as a time series", doc! {"$out": {"db": "app", "coll": "report", "timeseries": {}}}, "timeseries"),
        one("merge without a collection", doc! {"$merge": {"on": "_id"}}, "into"),
        one("merge with an unknown argument", into("bypass", true.into()), "bypass"),
        one("merge with an unknown action", into("whenMatched", "pipeline".into()), "whenMatched"),
        one("where in a merge", into("let", bson!({"x": {"$function": {}}})), "$function"),
        one("function when matched", into("whenMatched", bson!([{"$set": {"a": {"$function": {}}}}])), "$function"),
        one("lookup when matched", into("whenMatched", bson!([(lookup("orders"))])), "$lookup"),
        one("merge in a facet, granted", doc! {"$facet": {"x": [{"$merge": "stock"}]}}, "$merge"),
        case("merge that is not last", several(), not_last(doc! {"$merge": "stock"}), OperationNotAllowed, "$merge"),
        case("out that is not last", several(), not_last(doc! {"$out": "report"}), OperationNotAllowed, "$out"),
        case("merge beside a row filter", part(), vec![doc! {"$merge": "stock"}], OperationNotAllowed, "$merge"),
        case("out beside a row filter", part(), vec![doc! {"$out": "report"}], OperationNotAllowed, "$out"),
        case(
            "merge with the database twice",
            several(),
            vec![doc! {"$merge": {"into": {"db": 1, "coll": "x"}}}],
            InvalidDocument,
            "`db`",
        ),
        case(
            "merge into a collection without a name",
            several(),
            vec![doc! {"$out": {"db": "shop"}}],
            InvalidDocument,
            "coll",
        ),
        case(
            "out into the system database",
            everything(),
            vec![doc! {"$out": {"db": "usher", "coll": "users"}}],
            OperationNotAllowed,
            "usher",
        ),
        case(
            "out into the system database by another case",
            everything(),
            vec![doc! {"$out": {"db": "Usher", "coll": "users"}}],
            OperationNotAllowed,
            "Usher",
        ),
        case(
            "merge into MongoDB's own database",
            everything(),
            vec![doc! {"$merge": {"into": {"db": "admin", "coll": "users"}}}],
            OperationNotAllowed,
            "admin",
        ),
        case(
            "out into a system collection",
            everything(),
            vec![doc! {"$out": "system.js"}],
            OperationNotAllowed,
            "system.js",
        ),
        case(
            "merge into the views",
            everything(),
            vec![doc! {"$merge": "system.views"}],
            OperationNotAllowed,
            "system.views",
        ),
        case(
            "merge into itself without update",
            Scope { operations: READ, ..several() },
            vec![doc! {"$merge": "users"}],
            OperationNotAllowed,
            "users",
        ),
        case(
            "out without read of the source",
            Scope { operations: Operations { read: false, ..Operations::ALL }, ..several() },
            vec![doc! {"$out": "report"}],
            OperationNotAllowed,
            "read",
        ),
    ]
}

#[test]
fn granted_collections_are_reached() {
    let many = |stages: Vec<Document>| (stages, false);
    let written = |stages: Vec<Document>| (stages, true);
    let cases = [
        many(vec![lookup("orders")]),
        many(vec![lookup("users")]),
        many(vec![lookup_with(bson!([
            {"$match": {"$expr": {"$eq": ["$a", "$$a"]}, "b": {"$in": [1]}}},
            {"$unionWith": {"coll": "log", "pipeline": [{"$limit": 1}]}},
            (lookup("stock")),
            {"$facet": {"x": [(lookup("report"))]}},
        ]))]),
        many(vec![graph("orders"), doc! {"$unwind": "$d"}]),
        many(vec![doc! {"$graphLookup": {
            "from": "users", "startWith": "$a", "connectFromField": "b", "connectToField": "c", "as": "d", "maxDepth": 3,
            "depthField": "e", "restrictSearchWithMatch": {"f": {"$gt": 1}},
        }}]),
        many(vec![doc! {"$match": {"a": 1}}, doc! {"$unionWith": "orders"}, doc! {"$sort": {"a": 1}}]),
        many(vec![doc! {"$facet": {"x": [lookup("orders"), {"$unionWith": "users"}]}}]),
        written(vec![lookup("orders"), doc! {"$merge": "stock"}]),
        written(vec![doc! {"$merge": "users"}]),
        written(vec![doc! {"$merge": {
            "into": {"db": "shop", "coll": "sales"}, "on": ["a", "b"], "let": {"x": "$a"}, "whenNotMatched": "discard",
            "whenMatched": [{"$set": {"n": {"$add": ["$n", "$$new.n"]}}}],
        }}]),
        written(vec![doc! {"$merge": {"into": "stock", "on": "_id", "whenMatched": "keepExisting"}}]),
        written(vec![doc! {"$out": "report"}]),
        written(vec![doc! {"$group": {"_id": "$a"}}, doc! {"$out": {"db": "shop", "coll": "report"}}]),
    ];
    for (stages, writes) in cases {
        let checked = check(&several(), &aggregate(stages.clone())).unwrap_or_else(|e| panic!("{stages:?}: {e}"));
        assert_eq!(checked.answer == Answer::Written, writes, "{stages:?}");
        assert_eq!(checked.answer.is_read(), !writes, "{stages:?}: what writes is never sent again");
        let command = Document::try_from(checked.command).unwrap();
        let sent: Vec<Bson> = stages.into_iter().map(Bson::Document).collect();
        assert_eq!(command.get_array("pipeline").unwrap(), &sent, "sent as it is");
    }
    assert!(check(&everything(), &aggregate([lookup("anything")])).is_ok());
}
