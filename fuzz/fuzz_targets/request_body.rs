//! Any request body: refused, or its values survive every form that they take on the way to a function and back.
#![no_main]

use bson::{Bson, doc};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use usher_contract::{ErrorCode, Failure, value};

fuzz_target!(|data: &[u8]| {
    let Ok(json) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Some(given) = accepted(value::from_extended_json(json)) else {
        return;
    };
    let text = value::to_extended_json(given.clone());
    assert!(is_canonical(&text), "{text}");
    // A value that is nested too deep or has a NUL in a key is refused here at the latest.
    if accepted(whole(&given)).is_some() {
        as_text(&text);
        as_bytes(given, &text);
    }
});

fn whole(value: &Bson) -> Result<(), Failure> {
    let bytes = match value {
        Bson::Document(document) => value::bytes(document)?,
        other => value::array_bytes([other.clone()])?,
    };
    value::document(&bytes).map(|_| ())
}

/// To the client and back.
fn as_text(text: &Value) {
    let written = text.to_string();
    let read: Value = serde_json::from_str(&written).expect("JSON that was written here");
    assert_eq!(read, *text);
    match value::from_extended_json(read) {
        Ok(again) => assert_eq!(value::to_extended_json(again), *text),
        // Code within the scope of code takes two levels of text for one of BSON; nobody writes that.
        Err(failure) => assert!(written.contains("\"$scope\""), "{failure}: {written}"),
    }
}

/// To the function and back. Both add a level, which the value may have no room for.
fn as_bytes(given: Bson, text: &Value) {
    let answer = value::bytes(&doc! { "result": given.clone() }).expect("what stands in a document");
    let Some(returned) = accepted(value::result(&answer)) else {
        return;
    };
    assert_eq!(value::to_extended_json(returned), *text);
    let arguments = value::array_bytes([given.clone(), given]).expect("what stands in a document");
    let arguments = value::array(&arguments).expect("what stands in a document");
    assert_eq!(arguments.len(), 2);
    for argument in arguments {
        let argument = Bson::try_from(argument).expect("what was checked");
        assert_eq!(value::to_extended_json(argument), *text);
    }
}

/// Whether every number is wrapped, but for those inside wrappers.
fn is_canonical(text: &Value) -> bool {
    match text {
        Value::Number(_) => false,
        Value::Array(items) => items.iter().all(is_canonical),
        Value::Object(fields) => fields
            .iter()
            .all(|(name, value)| matches!(name.as_str(), "$timestamp" | "$minKey" | "$maxKey") || is_canonical(value)),
        _ => true,
    }
}

fn accepted<T>(outcome: Result<T, Failure>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(failure) => {
            assert!(failure.is(ErrorCode::InvalidDocument), "{failure}");
            assert!(!failure.message.is_empty());
            None
        }
    }
}
