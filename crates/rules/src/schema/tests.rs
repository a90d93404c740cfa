use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, bson, doc};
use serde_json::{Value, json};

use super::Schema;

fn schema(json: Value) -> Schema {
    Schema::compile(&json).unwrap_or_else(|problems| panic!("{json}: {problems:#?}")).unwrap()
}

fn violations(schema: &Schema, document: Document) -> Vec<String> {
    schema.check(&document).err().unwrap_or_default()
}

/// Whether `{v: value}` is as a schema of the field `v` demands.
fn fits(of_field: Value, value: impl Into<Bson>) -> bool {
    let compiled = Schema::compile(&json!({ "properties": { "v": of_field } })).unwrap();
    compiled.is_none_or(|schema| schema.check(&doc! { "v": value.into() }).is_ok())
}

#[test]
fn types_are_those_of_bson_and_of_json_schema() {
    let values: &[(&str, Bson)] = &[
        ("string", "a".into()),
        ("objectId", ObjectId::new().into()),
        ("object", doc! {}.into()),
        ("array", bson!([1])),
        ("bool", true.into()),
        ("date", DateTime::now().into()),
        ("null", Bson::Null),
        ("decimal", Bson::Decimal128("1.5".parse().unwrap())),
        ("uuid", bson::Uuid::new().into()),
        (
            "regex",
            Bson::RegularExpression(bson::Regex { pattern: "a".try_into().unwrap(), options: "".try_into().unwrap() }),
        ),
        ("timestamp", Bson::Timestamp(bson::Timestamp { time: 1, increment: 1 })),
        ("double", 1.5.into()),
    ];
    for (name, value) in values {
        assert!(fits(json!({ "bsonType": name }), value.clone()), "{name}");
        for (other, _) in values.iter().filter(|(other, _)| other != name) {
            assert!(!fits(json!({ "bsonType": other }), value.clone()), "{name} is no {other}");
        }
    }
    assert!(fits(json!({ "bsonType": ["string", "null"] }), Bson::Null));
    assert!(!fits(json!({ "bsonType": ["string", "null"] }), 1));
    assert!(fits(json!({ "type": "boolean" }), false));
    assert!(fits(json!({ "bsonType": "boolean" }), false) && !fits(json!({ "bsonType": "boolean" }), 0));
    assert!(fits(json!({ "bsonType": "float" }), 0.5) && !fits(json!({ "bsonType": "float" }), "0.5"));
    assert!(fits(json!({ "bsonType": "binData" }), bson::Uuid::new()));
}

#[test]
fn numbers_are_taken_as_clients_mean_them() {
    let (whole, part, large) = (Bson::Double(3.0), Bson::Double(3.5), Bson::Int64(1 << 40));
    let cases = [
        ("int", Bson::Int32(1), true),
        ("int", Bson::Int64(1), true),
        ("int", whole.clone(), true),
        ("int", part.clone(), false),
        ("int", large.clone(), false),
        ("int", Bson::Double(1e12), false),
        ("int", Bson::Double(f64::NAN), false),
        ("long", large.clone(), true),
        ("long", Bson::Int32(1), true),
        ("long", whole, true),
        ("long", part.clone(), false),
        ("long", Bson::Double(1e300), false),
        ("double", part, true),
        ("double", Bson::Int32(3), true),
        ("double", "3".into(), false),
        ("number", large, true),
        ("number", Bson::Decimal128("1".parse().unwrap()), true),
        ("number", true.into(), false),
        ("decimal", Bson::Int32(1), false),
    ];
    for (name, value, expected) in cases {
        assert_eq!(fits(json!({ "bsonType": name }), value.clone()), expected, "{name} {value}");
    }
}

#[test]
fn every_keyword_accepts_and_refuses() {
    let text = "a".repeat(3);
    let cases: &[(Value, Bson, bool)] = &[
        (json!({ "minLength": 3 }), text.clone().into(), true),
        (json!({ "minLength": 4 }), text.clone().into(), false),
        (json!({ "maxLength": 2 }), "äöü".into(), false),
        (json!({ "maxLength": 3 }), "äöü".into(), true),
        (json!({ "maxLength": 0 }), 12.into(), true),
        (json!({ "pattern": "^a+$" }), text.into(), true),
        (json!({ "pattern": "^b" }), "ab".into(), false),
        (json!({ "minimum": 3 }), 3.into(), true),
        (json!({ "minimum": 3, "exclusiveMinimum": true }), 3.into(), false),
        (json!({ "exclusiveMinimum": 3 }), 3.5.into(), true),
        (json!({ "maximum": 3 }), 4i64.into(), false),
        (json!({ "maximum": { "$numberInt": "3" } }), 3.into(), true),
        (json!({ "exclusiveMaximum": 3 }), 3.into(), false),
        (json!({ "minimum": 0 }), f64::NAN.into(), false),
        (json!({ "minimum": 2 }), Bson::Decimal128("1.5".parse().unwrap()), false),
        (json!({ "multipleOf": 2 }), 4.into(), true),
        (json!({ "multipleOf": 2 }), 5.into(), false),
        (json!({ "multipleOf": 0.01 }), 19.99.into(), true),
        (json!({ "multipleOf": 0.01 }), 19.995.into(), false),
        (json!({ "multipleOf": 0.1 }), 0.3.into(), true),
        (json!({ "multipleOf": 1 }), f64::NAN.into(), false),
        (json!({ "multipleOf": 1 }), f64::INFINITY.into(), false),
        (json!({ "enum": ["a", 1, null] }), Bson::Null, true),
        (json!({ "enum": ["a", 1] }), 1.0.into(), true),
        (json!({ "enum": ["a", 1] }), "b".into(), false),
        (json!({ "enum": [{ "$oid": "5f00000000000000000000ab" }] }), "5f00000000000000000000ab".into(), false),
        (json!({ "const": 5 }), 5i64.into(), true),
        (json!({ "const": 5 }), 6.into(), false),
        (json!({ "const": 5, "enum": [6] }), 5.into(), false),
        (json!({ "items": { "bsonType": "string" } }), bson!(["a", "b"]), true),
        (json!({ "items": { "bsonType": "string" } }), bson!(["a", 1]), false),
        (json!({ "items": [{ "bsonType": "string" }] }), bson!(["a", 1]), true),
        (json!({ "items": [{ "bsonType": "string" }], "additionalItems": false }), bson!(["a", 1]), false),
        (json!({ "minItems": 1 }), bson!([]), false),
        (json!({ "maxItems": 1 }), bson!([1, 2]), false),
        (json!({ "uniqueItems": true }), bson!([1, 1.0]), false),
        (json!({ "uniqueItems": true }), bson!([1, "1", { "a": 1 }, { "a": 2 }]), true),
        (json!({ "required": ["a"] }), bson!({ "a": null }), true),
        (json!({ "required": ["a"] }), bson!({ "b": 1 }), false),
        (json!({ "properties": { "a": { "bsonType": "int" } } }), bson!({ "a": "x" }), false),
        (json!({ "properties": { "a": {} }, "additionalProperties": false }), bson!({ "a": 1 }), true),
        (json!({ "properties": { "a": {} }, "additionalProperties": false }), bson!({ "a": 1, "b": 1 }), false),
        (json!({ "additionalProperties": { "bsonType": "int" } }), bson!({ "b": "x" }), false),
        (json!({ "patternProperties": { "^n": { "bsonType": "int" } } }), bson!({ "n1": "x" }), false),
        (json!({ "patternProperties": { "^n": {} }, "additionalProperties": false }), bson!({ "n1": "x" }), true),
        (json!({ "minProperties": 1 }), bson!({}), false),
        (json!({ "maxProperties": 1 }), bson!({ "a": 1, "b": 1 }), false),
        (json!({ "anyOf": [{ "bsonType": "string" }, { "minimum": 5 }] }), 6.into(), true),
        (json!({ "anyOf": [{ "bsonType": "string" }, { "minimum": 5 }] }), 4.into(), false),
        (json!({ "allOf": [{ "minimum": 1 }, { "maximum": 2 }] }), 3.into(), false),
        (json!({ "oneOf": [{ "minimum": 1 }, { "maximum": 2 }] }), 3.into(), true),
        (json!({ "oneOf": [{ "minimum": 1 }, { "maximum": 5 }] }), 3.into(), false),
        (json!({ "not": { "bsonType": "string" } }), "a".into(), false),
        (json!({ "not": { "bsonType": "string" } }), 1.into(), true),
        (json!(false), 1.into(), false),
        (json!({ "title": "t", "description": "d", "default": 1, "format": "x" }), 1.into(), true),
    ];
    for (of_field, value, expected) in cases {
        assert_eq!(fits(of_field.clone(), value.clone()), *expected, "{of_field} {value}");
    }
}

#[test]
fn violations_are_sentences_with_paths() {
    let schema = schema(json!({
        "bsonType": "object",
        "required": ["_id", "name"],
        "properties": {
            "name": { "bsonType": "string", "minLength": 1 },
            "address": { "properties": { "lines": { "items": { "bsonType": "string" } } } },
            "state": { "enum": ["open", "done"] },
        },
    }));
    let found = violations(&schema, doc! { "name": "", "address": { "lines": ["a", 5] }, "state": "gone" });
    assert_eq!(
        found,
        [
            "\"_id\" is missing",
            "\"name\" must have at least 1 characters, not 0",
            "\"address.lines.1\" must be of the type string, not int",
            "\"state\" must be one of \"open\", \"done\"",
        ]
    );
    assert_eq!(violations(&schema, doc! { "_id": 1, "name": "x" }), [""; 0]);
}

#[test]
fn a_document_as_a_whole_is_checked() {
    let none = schema(json!({ "bsonType": "string" }));
    assert_eq!(violations(&none, doc! {}), ["the document must be of the type string, not object"]);
    let either = schema(json!({ "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] }));
    assert!(violations(&either, doc! { "b": 1 }).is_empty());
    assert_eq!(violations(&either, doc! { "c": 1 }), ["the document fits none of the schemas of \"anyOf\""]);
}

#[test]
fn what_is_told_is_bounded() {
    let strings = schema(json!({ "properties": { "a": { "items": { "bsonType": "string" } } } }));
    let document = doc! { "a": (0..10_000).collect::<Vec<i32>>() };
    assert_eq!(violations(&strings, document).len(), usher_contract::limits::SCHEMA_VIOLATIONS);
}

#[test]
fn a_schema_that_demands_nothing_is_none() {
    for json in [json!({}), json!(true), json!({ "title": "item" }), json!({ "additionalProperties": true })] {
        assert_eq!(Schema::compile(&json).unwrap(), None, "{json}");
    }
}

#[test]
fn problems_have_paths_and_ways_out() {
    let cases = [
        (json!([]), "", "must be an object"),
        (json!({ "requierd": ["a"] }), "requierd", "did you mean \"required\"?"),
        (json!({ "Required": ["a"] }), "Required", "did you mean \"required\"?"),
        (json!({ "properties": { "a": { "bsonType": "strin" } } }), "properties.a.bsonType", "\"strin\" is not a type"),
        (json!({ "properties": { "a": { "bsonType": 5 } } }), "properties.a.bsonType", "must be a string"),
        (json!({ "properties": [] }), "properties", "must be an object"),
        (json!({ "required": "a" }), "required", "must be an array of names"),
        (json!({ "required": [1] }), "required", "must be an array of names"),
        (json!({ "items": [{}, 5] }), "items.1", "must be an object"),
        (json!({ "anyOf": [] }), "anyOf", "at least one element"),
        (json!({ "anyOf": [{}, { "minLength": -1 }] }), "anyOf.1.minLength", "whole number"),
        (json!({ "minimum": "1" }), "minimum", "must be a number"),
        (json!({ "uniqueItems": 1 }), "uniqueItems", "true or false"),
        (json!({ "pattern": "(" }), "pattern", "not a regular expression"),
        (json!({ "pattern": "(?=a)" }), "pattern", "not a regular expression"),
        (json!({ "pattern": "((a{999}){999}){999}" }), "pattern", "not a regular expression"),
        (json!({ "enum": [] }), "enum", "at least one element"),
        (json!({ "const": { "$oid": "x" } }), "const", "not Extended JSON"),
        (json!({ "validate": { "%%true": true } }), "validate", "is not supported"),
        (json!({ "$ref": "#/x" }), "$ref", "is not supported"),
    ];
    for (json, path, message) in cases {
        let problems = Schema::compile(&json).expect_err(&json.to_string());
        assert_eq!(problems.len(), 1, "{json}: {problems:?}");
        assert_eq!(problems[0].path.join("."), path, "{json}");
        assert!(problems[0].message.contains(message), "{json}: {problems:?}");
        assert!(!problems[0].help.is_empty());
    }
}
