//! What the attribute is made of, natively: a function, its arguments, its answer.
#![allow(clippy::unwrap_used, missing_docs, reason = "helpers of tests unwrap as tests do")]

use bson::{Bson, DateTime, Document, RawDocumentBuf, doc, oid::ObjectId};
use usher_sdk::prelude::*;
use usher_sdk::{Result, answer};

/// The bytes of an array, as the host passes arguments.
fn array(values: impl IntoIterator<Item = Bson>) -> Vec<u8> {
    let keyed = values.into_iter().enumerate().map(|(index, value)| (index.to_string(), value));
    keyed.collect::<Document>().to_vec().unwrap()
}

fn arguments(values: impl IntoIterator<Item = Bson>) -> Arguments {
    Arguments::new(array(values)).unwrap()
}

fn message<T>(result: Result<T>) -> String {
    result.err().map(|e| e.message().to_owned()).unwrap_or_default()
}

#[usher_sdk::function]
fn greet(name: String, times: Option<i32>) -> Result<String> {
    if name.is_empty() {
        return Err(Error::new("nobody to greet").with_code("Nobody"));
    }
    Ok(name.repeat(times.unwrap_or(1).try_into()?))
}

#[test]
fn the_function_stays_an_ordinary_one() {
    assert_eq!(greet("ab".into(), Some(2)).unwrap(), "abab");
    assert_eq!(greet(String::new(), None).unwrap_err().code(), "Nobody");
    // Any std error becomes one of ours.
    assert_eq!(greet("a".into(), Some(-1)).unwrap_err().code(), "FunctionExecutionError");
}

#[test]
fn arguments_are_read_in_order() {
    let id = ObjectId::new();
    let at = DateTime::from_millis(1_700_000_000_123);
    let given =
        arguments([Bson::Int32(3), doc! { "a": [1, 2] }.into(), Bson::ObjectId(id), Bson::DateTime(at), true.into()]);
    let mut next = given.named(&["n", "d", "id", "at", "flag"]).unwrap();
    assert_eq!(next.next::<f64>().unwrap(), 3.0);
    assert_eq!(next.next::<Document>().unwrap(), doc! { "a": [1, 2] });
    assert_eq!(next.next::<ObjectId>().unwrap(), id);
    assert_eq!(next.next::<DateTime>().unwrap(), at);
    assert!(next.next::<bool>().unwrap());
}

#[test]
fn a_struct_is_read_from_a_document_and_a_list_from_an_array() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: i32,
        y: Option<i64>,
    }
    let given = arguments([doc! { "x": 1 }.into(), vec![doc! { "x": 2, "y": 3_i64 }].into()]);
    assert_eq!(given.get::<Point>(0).unwrap(), Point { x: 1, y: None });
    assert_eq!(given.get::<Vec<Point>>(1).unwrap(), [Point { x: 2, y: Some(3) }]);
    assert_eq!(given.get::<Option<Point>>(0).unwrap(), Some(Point { x: 1, y: None }));
}

#[test]
fn a_missing_last_argument_is_none() {
    let given = arguments(["a".into()]);
    let mut next = given.named(&["name", "times"]).unwrap();
    next.next::<String>().unwrap();
    assert_eq!(next.next::<Option<i32>>().unwrap(), None);

    for absent in [Bson::Null, Bson::Undefined] {
        assert_eq!(arguments([absent]).get::<Option<i32>>(0).unwrap(), None);
    }
    assert_eq!(arguments([Bson::Undefined]).get::<Bson>(0).unwrap(), Bson::Undefined);
}

#[test]
fn what_does_not_fit_is_named() {
    let given = arguments([5.into()]);
    assert_eq!(
        message(given.named(&["nickname"]).unwrap().next::<String>()),
        "argument 1 (nickname): invalid type: integer `5`, expected a string"
    );
    let none = arguments([]);
    assert_eq!(message(none.named(&["nickname"]).unwrap().next::<String>()), "argument 1 (nickname): missing");
    let two = arguments([1.into(), 2.into()]);
    assert_eq!(message(two.named(&["a"])), "the function takes 1 argument (a), got 2");
    assert_eq!(message(two.named(&[])), "the function takes no arguments, got 2");
    assert!(Arguments::new(vec![1, 2, 3]).is_err_and(|e| e.code() == "InvalidDocument"));
}

/// One value of every BSON type.
fn every_type() -> Vec<Bson> {
    use bson::spec::BinarySubtype;
    use bson::{Binary, JavaScriptCodeWithScope, Regex, Timestamp};
    let binary = |subtype| Bson::Binary(Binary { subtype, bytes: vec![1, 2, 3] });
    let pointer = doc! { "$dbPointer": { "$ref": "a.b", "$id": { "$oid": "0123456789abcdef01234567" } } };
    vec![
        Bson::Double(f64::NAN),
        Bson::Double(-0.0),
        Bson::String("ä\0b".into()),
        doc! { "$oid": "0123456789abcdef01234567", "nested": { "$numberLong": "1" } }.into(),
        vec![Bson::MinKey, Bson::Array(vec![])].into(),
        binary(BinarySubtype::Generic),
        binary(BinarySubtype::BinaryOld),
        binary(BinarySubtype::Uuid),
        binary(BinarySubtype::UserDefined(0x80)),
        Bson::Undefined,
        Bson::ObjectId(ObjectId::new()),
        Bson::Boolean(false),
        Bson::DateTime(DateTime::from_millis(-1)),
        Bson::Null,
        Bson::RegularExpression(Regex { pattern: "a.*".try_into().unwrap(), options: "ix".try_into().unwrap() }),
        serde_bson(pointer),
        Bson::JavaScriptCode("1".into()),
        Bson::Symbol("s".into()),
        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code: "x".into(), scope: doc! { "x": 1 } }),
        Bson::Int32(i32::MIN),
        Bson::Timestamp(Timestamp { time: 1, increment: 2 }),
        Bson::Int64(i64::MAX),
        Bson::Decimal128("1.50E+3".parse().unwrap()),
        Bson::MinKey,
        Bson::MaxKey,
    ]
}

/// A DBPointer has no constructor of its own.
fn serde_bson(extended: Document) -> Bson {
    let value = Bson::deserialize(bson::Deserializer::new(Bson::Document(extended))).unwrap();
    assert!(matches!(value, Bson::DbPointer(_)), "{value:?}");
    value
}

#[test]
fn every_type_comes_back_byte_for_byte() {
    for value in every_type() {
        let sent = array([value.clone()]);
        let raw = Arguments::new(sent.clone()).unwrap().to_raw().remove(0);
        let answered = RawDocumentBuf::from_bytes(answer(&raw).unwrap()).unwrap();
        // An element of an array and the field of an answer differ in their key only.
        assert_eq!(answered.as_bytes()[4], sent[4], "type of {value:?}");
        assert_eq!(answered.as_bytes()[4 + 1 + 7..], sent[4 + 1 + 2..], "bytes of {value:?}");
    }
}

#[test]
fn values_of_every_type_come_back_as_they_were() {
    let all = every_type();
    let given = arguments(all.clone());
    // NaN differs from itself, so bytes are compared.
    assert_eq!(array(given.to_vec().unwrap()), array(all.clone()));
    assert_eq!(answer(&all).unwrap(), doc! { "result": all }.to_vec().unwrap());
}

#[test]
fn documents_that_look_like_extended_json_stay_documents() {
    let look_alike = doc! { "_id": { "$oid": "0123456789abcdef01234567" }, "n": [{ "$numberLong": "1" }] };
    let given = arguments([look_alike.clone().into(), look_alike.clone().into()]);
    assert_eq!(given.get::<Document>(0).unwrap(), look_alike);
    assert_eq!(given.get::<Option<Document>>(0).unwrap(), Some(look_alike.clone()));
    assert_eq!(given.get::<Bson>(1).unwrap(), Bson::Document(look_alike.clone()));
    assert_eq!(given.get::<Option<Bson>>(1).unwrap(), Some(Bson::Document(look_alike.clone())));

    let user = doc! { "id": "1", "type": "normal", "data": look_alike.clone(), "custom_data": look_alike.clone() };
    let user: User = arguments([user.into()]).get(0).unwrap();
    assert_eq!((user.data, user.custom_data), (look_alike.clone(), Some(look_alike)));
    let bare: User = arguments([doc! { "id": "1", "type": "normal" }.into()]).get(0).unwrap();
    assert_eq!((bare.data, bare.custom_data, bare.identities), (doc! {}, None, vec![]));
}

#[test]
fn no_document_is_made_of_another_value() {
    assert_eq!(
        message(arguments([5.into()]).named(&["changes"]).unwrap().next::<Document>()),
        "argument 1 (changes): invalid type: Int32, expected a document"
    );
    assert_eq!(arguments([Bson::Null]).get::<Option<Document>>(0).unwrap(), None);
    assert_eq!(arguments([Bson::Null]).get::<Option<Bson>>(0).unwrap(), None);
    assert_eq!(arguments([Bson::Null]).get::<Bson>(0).unwrap(), Bson::Null);
}

#[test]
fn a_user_is_read_the_same_alone_and_inside_another_type() {
    #[derive(Deserialize)]
    struct Holder {
        user: User,
    }
    let user = doc! {
        "id": "1", "type": "normal", "data": { "email": "a@example.com" }, "custom_data": { "n": 1 },
        "identities": [{ "id": "2", "provider_type": "local-userpass", "data": { "email": "a@example.com" } }],
    };
    let given = arguments([user.clone().into(), doc! { "user": user }.into()]);
    let alone: User = given.get(0).unwrap();
    assert_eq!(alone, given.get::<Holder>(1).unwrap().user);
    assert_eq!((alone.email(), alone.identities.len()), (Some("a@example.com"), 1));
    assert_eq!(message(arguments([doc! { "type": "normal" }.into()]).get::<User>(0)), "argument 1: missing field `id`");
}

#[test]
fn a_request_is_read_and_a_response_is_no_result() {
    use usher_sdk::endpoint::{Request, Response};
    let payload = doc! {
        "query": { "name": "Ada" },
        "headers": { "Content-Type": ["text/plain"], "X-Two": ["1", "2"] },
        "body": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: b"hello".to_vec() },
    };
    let request: Request = arguments([payload.into()]).get(0).unwrap();
    assert_eq!((request.query["name"].as_str(), request.header("x-two")), ("Ada", Some("1")));
    assert_eq!((request.text().unwrap(), request.header("Accept")), ("hello", None));
    let bare: Request = arguments([doc! { "query": {}, "headers": {} }.into()]).get(0).unwrap();
    assert_eq!(bare.body(), b"");

    let response = Response::new(201).header("X-A", "1").header("X-A", "2").text("made");
    let expected = doc! { "response": { "statusCode": 201, "headers": [["X-A", "1"], ["X-A", "2"]], "body": "made" } };
    assert_eq!(Document::from_reader(&*answer(&response).unwrap()).unwrap(), expected);
    let bytes = Document::from_reader(&*answer(&Response::new(200).bytes([1, 2])).unwrap()).unwrap();
    assert!(matches!(bytes.get_document("response").unwrap().get("body"), Some(Bson::Binary(_))));
}
