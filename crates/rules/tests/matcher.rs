//! Queries on the host.

mod support;

use serde_json::json;
use support::document;
use usher_rules::matcher::Query;

#[test]
fn queries_match_as_they_do_in_the_database() {
    let changed = json!({ "operationType": "update", "fullDocument": { "owner": "ann", "tags": ["x", "y"], "n": 5 } });
    let odd = json!({ "a": [[1, 2], { "b": 3 }], "at": { "$date": "2024-01-01T00:00:00Z" }, "nan": { "$numberDouble": "NaN" } });
    for (query, held, expected) in [
        (json!({}), &changed, true),
        (json!({ "operationType": { "$in": ["insert", "update"] }, "fullDocument.owner": "ann" }), &changed, true),
        (json!({ "fullDocument.owner": "bob" }), &changed, false),
        (json!({ "fullDocument.tags": "y" }), &changed, true),
        (json!({ "fullDocument.tags": { "$all": ["x", "y"] } }), &changed, true),
        (json!({ "fullDocument.tags": { "$size": 2 } }), &changed, true),
        (json!({ "fullDocument.tags.1": "y" }), &changed, true),
        (json!({ "fullDocument.tags.0": "y" }), &changed, false),
        (json!({ "fullDocument.n": { "$mod": [2, 1] } }), &changed, true),
        (json!({ "fullDocument.n": { "$mod": [2, 0] } }), &changed, false),
        (json!({ "fullDocument.n": { "$type": "number" } }), &changed, true),
        (json!({ "fullDocument.n": { "$type": ["string", 16] } }), &changed, true),
        (json!({ "fullDocument.n": { "$type": "string" } }), &changed, false),
        (json!({ "fullDocument.tags": { "$type": "array" } }), &changed, true),
        (json!({ "fullDocument.tags": { "$type": "string" } }), &changed, true),
        (json!({ "fullDocument.owner": { "$regex": "^AN", "$options": "i" } }), &changed, true),
        (json!({ "fullDocument.owner": { "$regex": "^AN" } }), &changed, false),
        (json!({ "fullDocument.owner": { "$not": { "$regex": "^a" } } }), &changed, false),
        (json!({ "fullDocument.owner": { "$regularExpression": { "pattern": "n+", "options": "" } } }), &changed, true),
        (
            json!({ "fullDocument.tags": { "$in": [{ "$regularExpression": { "pattern": "^Y$", "options": "i" } }] } }),
            &changed,
            true,
        ),
        (json!({ "fullDocument.tags": { "$nin": ["x"] } }), &changed, false),
        (json!({ "$nor": [{ "fullDocument.n": { "$gt": 5 } }, { "gone": { "$exists": true } }] }), &changed, true),
        (json!({ "$or": [{ "fullDocument.n": 4 }, { "$and": [{ "fullDocument.n": 5 }] }] }), &changed, true),
        (json!({ "gone": null, "$comment": "for the log" }), &changed, true),
        (json!({ "fullDocument.n": { "$gte": 5, "$lt": 6 } }), &changed, true),
        (json!({ "a": [1, 2] }), &odd, true),
        (json!({ "a": 1 }), &odd, false),
        (json!({ "a.b": { "$gt": 2 } }), &odd, true),
        (json!({ "a": { "$elemMatch": { "$elemMatch": { "$gt": 1 } } } }), &odd, true),
        (json!({ "a": { "$elemMatch": { "$gt": 1 } } }), &odd, false),
        (json!({ "a": { "$elemMatch": { "$or": [{ "b": 3 }, { "b": 4 }] } } }), &odd, true),
        (json!({ "a": { "$all": [{ "$elemMatch": { "b": 3 } }] } }), &odd, true),
        (json!({ "at": { "$lt": { "$date": "2025-01-01T00:00:00Z" } } }), &odd, true),
        (json!({ "at": { "$lt": 1e18 } }), &odd, false),
        (json!({ "nan": { "$lt": 1 } }), &odd, false),
        (json!({ "nan": { "$numberDouble": "NaN" } }), &odd, true),
        (json!({ "nan": { "$gt": { "$minKey": 1 } } }), &odd, true),
    ] {
        let compiled = Query::compile(&document(&query)).unwrap_or_else(|e| panic!("{query}: {e}"));
        assert_eq!(compiled.matches(&document(held)), expected, "{query}");
    }
}

#[test]
fn several_patterns_are_fine() {
    let query = json!({ "$or": vec![json!({ "a": { "$regex": "^\\w+ \\d$", "$options": "i" } }); 8] });
    assert!(Query::compile(&document(&query)).expect("eight").matches(&document(&json!({ "a": "Öre 7" }))));
}

#[test]
fn what_cannot_be_matched_is_named() {
    for (query, message) in [
        (json!({ "$where": "1" }), "`$where`"),
        (json!({ "$expr": {} }), "`$expr`"),
        (json!({ "$ro": [] }), "did you mean `$or`?"),
        (json!({ "$or": [] }), "`$or` takes"),
        (json!({ "a": { "$near": [] } }), "`$near`"),
        (json!({ "a": { "$exits": true } }), "did you mean `$exists`?"),
        (json!({ "a": { "$in": 1 } }), "`$in` takes a list"),
        (json!({ "a": { "$in": [{ "$gt": 1 }] } }), "not operators"),
        (json!({ "a": { "$not": 1 } }), "`$not` takes"),
        (json!({ "a": { "$regex": "(" } }), "cannot be used"),
        (json!({ "a": { "$regex": "x{1000}{1000}" } }), "cannot be used"),
        (json!({ "a": { "$regex": "x", "$options": "q" } }), "no option `q`"),
        (json!({ "a": { "$mod": [0, 1] } }), "other than 0"),
        (json!({ "a": { "$type": "text" } }), "knows no type"),
        (json!({ "a": { "$size": 1.5 } }), "a whole number"),
        (json!({ "a": { "$elemMatch": 1 } }), "takes a query"),
        (json!({ "$or": vec![json!({ "a": { "$not": { "$regex": "x" } } }); 9] }), "at most 8 regular expressions"),
        (
            json!({ "a": { "$in": vec![json!({ "$regularExpression": { "pattern": "x", "options": "" } }); 9] } }),
            "at most 8 regular expressions",
        ),
    ] {
        let refused = Query::compile(&document(&query)).expect_err("a mistake");
        assert!(refused.contains(message), "{query}: {refused}");
    }
}
