//! Extended JSON and BSON, both ways, for every BSON type.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, DbPointer, Decimal128, Document, JavaScriptCodeWithScope, Regex, Timestamp, doc};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use usher_contract::{ErrorCode, limits, value};

/// Each type once, with the text that App Services writes for it (canonical Extended JSON).
fn every_type() -> Vec<(Bson, Value)> {
    let oid = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
    // The crate gives no constructor for a DBPointer; Extended JSON does.
    let pointer = json!({ "$dbPointer": { "$ref": "a.b", "$id": { "$oid": oid.to_hex() } } });
    let pointed: DbPointer = match Bson::try_from(pointer.clone()).unwrap() {
        Bson::DbPointer(pointer) => pointer,
        other => panic!("{other:?}"),
    };
    vec![
        (Bson::Double(2.5), json!({ "$numberDouble": "2.5" })),
        (Bson::Double(1.0), json!({ "$numberDouble": "1.0" })),
        (Bson::Double(-0.0), json!({ "$numberDouble": "-0.0" })),
        (Bson::Double(5e-324), json!({ "$numberDouble": "5e-324" })),
        (Bson::Double(f64::INFINITY), json!({ "$numberDouble": "Infinity" })),
        (Bson::Double(f64::NEG_INFINITY), json!({ "$numberDouble": "-Infinity" })),
        (Bson::String("é\n\"".into()), json!("é\n\"")),
        (Bson::Document(doc! { "a": 1 }), json!({ "a": { "$numberInt": "1" } })),
        (Bson::Array(vec![Bson::Null, Bson::Int32(1)]), json!([null, { "$numberInt": "1" }])),
        (
            Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![1, 2, 3] }),
            json!({ "$binary": { "base64": "AQID", "subType": "00" } }),
        ),
        (Bson::Undefined, json!({ "$undefined": true })),
        (Bson::ObjectId(oid), json!({ "$oid": "0123456789abcdef01234567" })),
        (Bson::Boolean(true), json!(true)),
        (Bson::DateTime(DateTime::from_millis(-1)), json!({ "$date": { "$numberLong": "-1" } })),
        (Bson::Null, json!(null)),
        (
            Bson::RegularExpression(Regex {
                pattern: bson::cstr!("a+").to_owned(),
                options: bson::cstr!("im").to_owned(),
            }),
            json!({ "$regularExpression": { "pattern": "a+", "options": "im" } }),
        ),
        (Bson::DbPointer(pointed), pointer),
        (Bson::JavaScriptCode("f()".into()), json!({ "$code": "f()" })),
        (Bson::Symbol("s".into()), json!({ "$symbol": "s" })),
        (
            Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code: "f()".into(), scope: doc! { "x": 1 } }),
            json!({ "$code": "f()", "$scope": { "x": { "$numberInt": "1" } } }),
        ),
        (Bson::Int32(-7), json!({ "$numberInt": "-7" })),
        (Bson::Timestamp(Timestamp { time: 42, increment: 1 }), json!({ "$timestamp": { "t": 42, "i": 1 } })),
        (Bson::Int64(i64::MAX), json!({ "$numberLong": "9223372036854775807" })),
        (Bson::Decimal128("1.50E+3".parse::<Decimal128>().unwrap()), json!({ "$numberDecimal": "1.50E+3" })),
        (Bson::MinKey, json!({ "$minKey": 1 })),
        (Bson::MaxKey, json!({ "$maxKey": 1 })),
    ]
}

#[test]
fn every_type_has_its_canonical_text() {
    for (bson, json) in every_type() {
        assert_eq!(value::to_extended_json(bson.clone()), json, "{bson:?}");
        assert_eq!(value::from_extended_json(json.clone()).unwrap(), bson, "{json}");
    }
    assert_eq!(value::to_extended_json(Bson::Double(-f64::NAN)), json!({ "$numberDouble": "NaN" }));
    let nan = value::to_extended_json(Bson::Double(f64::NAN));
    assert_eq!(nan, json!({ "$numberDouble": "NaN" }));
    assert!(matches!(value::from_extended_json(nan), Ok(Bson::Double(number)) if number.is_nan()));
}

#[test]
fn relaxed_text_is_read_too() {
    assert_eq!(value::from_extended_json(json!(1)).unwrap(), Bson::Int32(1));
    assert_eq!(value::from_extended_json(json!(1_u64 << 40)).unwrap(), Bson::Int64(1 << 40));
    assert_eq!(value::from_extended_json(json!(1.5)).unwrap(), Bson::Double(1.5));
    let date = value::from_extended_json(json!({ "$date": "1970-01-01T00:00:01Z" })).unwrap();
    assert_eq!(date, Bson::DateTime(DateTime::from_millis(1000)));
}

#[test]
fn malformed_wrappers_are_refused() {
    for json in [
        json!({ "$numberInt": "x" }),
        json!({ "$numberLong": 5.5 }),
        json!({ "$oid": "short" }),
        json!({ "$numberDecimal": "many" }),
        json!([{ "$date": "yesterday" }]),
    ] {
        let failure = value::from_extended_json(json.clone()).unwrap_err();
        assert!(failure.is(ErrorCode::InvalidDocument), "{json}: {failure}");
    }
}

#[test]
fn nesting_is_bounded_both_ways() {
    let nested = |levels: usize| (1..levels).fold(Document::new(), |inner, _| doc! { "a": inner });
    let bytes = nested(limits::DOCUMENT_DEPTH).to_vec().unwrap();
    assert!(value::document(&bytes).is_ok());
    let bytes = nested(limits::DOCUMENT_DEPTH + 1).to_vec().unwrap();
    assert!(value::document(&bytes).unwrap_err().is(ErrorCode::InvalidDocument));

    let nested = |levels: usize| (0..levels).fold(json!(null), |inner, _| json!([inner]));
    assert!(value::from_extended_json(nested(limits::DOCUMENT_DEPTH - 1)).is_ok());
    assert!(value::from_extended_json(nested(limits::DOCUMENT_DEPTH + 10)).is_err());
}

#[test]
fn the_deepest_document_can_be_written_and_read_with_any_type_in_it() {
    for (innermost, _) in every_type() {
        // The scope of code is a level of its own.
        let scope = matches!(innermost, Bson::JavaScriptCodeWithScope(_) | Bson::Document(_) | Bson::Array(_));
        let levels = limits::DOCUMENT_DEPTH - usize::from(scope);
        let deepest = (1..levels).fold(doc! { "a": innermost }, |inner, _| doc! { "a": inner });
        assert!(value::document(&value::bytes(&deepest).unwrap()).is_ok());
        let text = value::to_extended_json(Bson::Document(deepest.clone()));
        assert_eq!(value::from_extended_json(text), Ok(Bson::Document(deepest)));
    }
}

#[test]
fn the_scope_of_code_is_canonical_too() {
    let scope = doc! { "tiny": 5e-324, "not": -f64::NAN };
    let code = Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code: "f()".into(), scope });
    let scope = json!({ "tiny": { "$numberDouble": "5e-324" }, "not": { "$numberDouble": "NaN" } });
    assert_eq!(value::to_extended_json(code), json!({ "$code": "f()", "$scope": scope }));
}

#[test]
fn batches_and_arrays_are_checked() {
    let (one, two) = (doc! { "a": 1 }.to_vec().unwrap(), doc! {}.to_vec().unwrap());
    let both = [one.clone(), two.clone()].concat();
    assert_eq!(value::batch(&both).unwrap().len(), 2);
    assert!(value::batch(&both[..both.len() - 1]).is_err());
    assert!(value::batch(&[0, 0, 0, 0]).is_err());
    assert_eq!(value::array(&value::array_bytes([Bson::Int32(1), Bson::Null]).unwrap()).unwrap().len(), 2);
    assert!(value::array(&doc! { "1": 1, "0": 2 }.to_vec().unwrap()).is_err());
}

fn any_bson() -> impl Strategy<Value = Bson> {
    let leaf = prop_oneof![
        prop::sample::select(every_type()).prop_map(|(bson, _)| bson),
        any::<f64>().prop_filter("NaN is not equal to itself", |number| !number.is_nan()).prop_map(Bson::Double),
        any::<i32>().prop_map(Bson::Int32),
        any::<i64>().prop_map(Bson::Int64),
        any::<String>().prop_map(Bson::String),
        any::<i64>().prop_map(|millis| Bson::DateTime(DateTime::from_millis(millis))),
        any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(ObjectId::from_bytes(bytes))),
        any::<(u32, u32)>().prop_map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment })),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Bson::Array),
            // Keys with a dollar could be read as a wrapper; the guard is where they matter.
            btree_map("[a-z.é0-9 ]{0,8}", inner, 0..6).prop_map(|fields| Bson::Document(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn extended_json_round_trips(bson in any_bson()) {
        let text = value::to_extended_json(bson.clone()).to_string();
        let read = value::from_extended_json(serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert_eq!(read, bson);
    }

    #[test]
    fn text_is_the_same_without_a_tree(bson in any_bson()) {
        let bytes = value::bytes(&doc! { "result": bson.clone() }).unwrap();
        let text = String::from_utf8(value::result_json(&bytes).unwrap()).unwrap();
        prop_assert_eq!(text, value::to_extended_json(bson).to_string());
    }

    #[test]
    fn bytes_round_trip(bson in any_bson()) {
        let bytes = value::bytes(&doc! { "result": bson.clone() }).unwrap();
        prop_assert_eq!(value::result(&bytes).unwrap(), bson);
    }

    #[test]
    fn no_bytes_bring_the_host_down(bytes in vec(any::<u8>(), 0..200)) {
        let _ = value::document(&bytes);
        let _ = value::array(&bytes);
        let _ = value::batch(&bytes);
        let _ = value::result(&bytes);
        let _ = value::result_json(&bytes);
    }

    #[test]
    fn damaged_documents_bring_nobody_down(bson in any_bson(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = value::bytes(&doc! { "result": bson }).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = value::result(&bytes);
    }
}
