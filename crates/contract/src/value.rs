//! Values: BSON bytes, checked before anybody reads them, and canonical Extended JSON both ways.
//!
//! The conversions are the `bson` crate's. What is added here are the limits, so that no nesting made by a guest
//! or a client can exhaust the host's stack.

use bson::raw::{RawBsonRef, RawDocument};
use bson::{Bson, Document};
use serde_json::{Value, json};

use crate::error::{ErrorCode, Failure};
use crate::limits;

/// Levels of JSON, but none of BSON, that the deepest wrapper takes: `{"$dbPointer": {"$id": {"$oid": "…"}}}` and the
/// text in it.
const WRAPPER_LEVELS: usize = 4;

/// Checks that `bytes` are one whole BSON document within the limits of size and nesting.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`], saying what is wrong.
pub fn document(bytes: &[u8]) -> Result<&RawDocument, Failure> {
    if bytes.len() > limits::DOCUMENT_BYTES {
        return Err(invalid(format!(
            "a document of {} bytes is larger than the {} that MongoDB stores",
            bytes.len(),
            limits::DOCUMENT_BYTES
        )));
    }
    let raw = RawDocument::from_bytes(bytes).map_err(|e| invalid(format!("not a BSON document: {e}")))?;
    check(raw, 1)?;
    Ok(raw)
}

/// Checks that `bytes` are one BSON array within the limits, and gives its elements.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`], saying what is wrong.
pub fn array(bytes: &[u8]) -> Result<Vec<RawBsonRef<'_>>, Failure> {
    document(bytes)?
        .iter()
        .enumerate()
        .map(|(index, element)| match element {
            Ok((key, value)) if key.as_str().parse() == Ok(index) => Ok(value),
            _ => Err(invalid("not a BSON array: its keys are not 0, 1, 2, …")),
        })
        .collect()
}

/// Splits documents that stand back to back.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`], saying what is wrong.
pub fn batch(mut bytes: &[u8]) -> Result<Vec<&RawDocument>, Failure> {
    let mut documents = Vec::new();
    while !bytes.is_empty() {
        let length = bytes
            .first_chunk::<4>()
            .map(|head| i32::from_le_bytes(*head))
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length >= 5 && *length <= bytes.len())
            .ok_or_else(|| invalid("documents back to back: one announces more bytes than there are"))?;
        let (one, rest) = bytes.split_at(length);
        documents.push(document(one)?);
        bytes = rest;
    }
    Ok(documents)
}

/// A BSON array in its binary form, as the contract passes arguments.
pub fn array_bytes(values: impl IntoIterator<Item = Bson>) -> Result<Vec<u8>, Failure> {
    let mut document = Document::new();
    for (index, value) in values.into_iter().enumerate() {
        document.insert(index.to_string(), value);
    }
    bytes(&document)
}

/// The binary form of a document.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`] where a key holds a NUL.
pub fn bytes(document: &Document) -> Result<Vec<u8>, Failure> {
    document.to_vec().map_err(|e| invalid(format!("cannot be written as BSON: {e}")))
}

/// The value that a function's answer carries: the field `result`, or BSON `undefined` where there is none.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`] where the answer is not a document within the limits.
pub fn result(answer: &[u8]) -> Result<Bson, Failure> {
    match document(answer)?.get("result") {
        Ok(Some(value)) => Bson::try_from(value).map_err(|e| invalid(e.to_string())),
        Ok(None) => Ok(Bson::Undefined),
        Err(e) => Err(invalid(e.to_string())),
    }
}

/// The same, as the text of canonical Extended JSON.
///
/// # Errors
/// As [`result`].
pub fn result_json(answer: &[u8]) -> Result<Vec<u8>, Failure> {
    let value = document(answer)?.get("result").map_err(|e| invalid(e.to_string()))?;
    let mut text = Vec::with_capacity(answer.len() * 2);
    write_extended_json(&mut text, value.unwrap_or(RawBsonRef::Undefined))?;
    Ok(text)
}

/// Canonical Extended JSON of a value.
pub fn to_extended_json(value: Bson) -> Value {
    match value {
        Bson::Document(document) => {
            let fields = document.into_iter().map(|(name, value)| (name, to_extended_json(value)));
            Value::Object(fields.collect())
        }
        Bson::Array(items) => Value::Array(items.into_iter().map(to_extended_json).collect()),
        Bson::Double(number) => json!({ "$numberDouble": double(number) }),
        Bson::JavaScriptCodeWithScope(code) => {
            json!({ "$code": code.code, "$scope": to_extended_json(Bson::Document(code.scope)) })
        }
        other => other.into_canonical_extjson(),
    }
}

/// Writes canonical Extended JSON straight from the binary form of a value: as trees of values, a large result takes fifty
/// times its size.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`] where the bytes are not BSON.
pub fn write_extended_json(text: &mut Vec<u8>, value: RawBsonRef<'_>) -> Result<(), Failure> {
    let number = |kind: &str, number: &dyn std::fmt::Display| format!("{{\"${kind}\":\"{number}\"}}").into_bytes();
    match value {
        RawBsonRef::Document(document) => {
            text.push(b'{');
            for (index, element) in document.iter().enumerate() {
                let (name, value) = element.map_err(|e| invalid(format!("not a BSON document: {e}")))?;
                if index > 0 {
                    text.push(b',');
                }
                write_string(text, name.as_str());
                text.push(b':');
                write_extended_json(text, value)?;
            }
            text.push(b'}');
        }
        RawBsonRef::Array(items) => {
            text.push(b'[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write_extended_json(text, item.map_err(|e| invalid(format!("not a BSON array: {e}")))?)?;
            }
            text.push(b']');
        }
        RawBsonRef::String(string) => write_string(text, string),
        RawBsonRef::Int32(int) => text.extend(number("numberInt", &int)),
        RawBsonRef::Int64(long) => text.extend(number("numberLong", &long)),
        RawBsonRef::Double(it) => text.extend(number("numberDouble", &double(it))),
        RawBsonRef::ObjectId(id) => text.extend(number("oid", &id)),
        other => {
            let other = Bson::try_from(other).map_err(|e| invalid(e.to_string()))?;
            text.extend(to_extended_json(other).to_string().into_bytes());
        }
    }
    Ok(())
}

fn write_string(text: &mut Vec<u8>, string: &str) {
    // Writing a text into memory does not fail.
    let _ = serde_json::to_writer(text, string);
}

/// The crate writes subnormal numbers as plain JSON and gives NaN a sign; both would come back as something else.
fn double(number: f64) -> String {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        format!("{number:?}")
    }
}

/// A value from Extended JSON, canonical or relaxed.
///
/// # Errors
/// [`ErrorCode::InvalidDocument`] where a `$`-wrapped value is malformed or the nesting is too deep.
pub fn from_extended_json(json: Value) -> Result<Bson, Failure> {
    depth(&json, 1)?;
    Bson::try_from(json).map_err(|e| invalid(format!("not Extended JSON: {e}")))
}

fn check(document: &RawDocument, level: usize) -> Result<(), Failure> {
    nesting(level)?;
    for element in document {
        let (_, value) = element.map_err(|e| invalid(format!("not a BSON document: {e}")))?;
        check_value(value, level)?;
    }
    Ok(())
}

fn check_value(value: RawBsonRef<'_>, level: usize) -> Result<(), Failure> {
    match value {
        RawBsonRef::Document(inner) => check(inner, level + 1),
        RawBsonRef::JavaScriptCodeWithScope(code) => check(code.scope, level + 1),
        RawBsonRef::Array(inner) => {
            nesting(level + 1)?;
            inner.into_iter().try_for_each(|item| {
                let item = item.map_err(|e| invalid(format!("not a BSON array: {e}")))?;
                check_value(item, level + 1)
            })
        }
        _ => Ok(()),
    }
}

fn depth(json: &Value, level: usize) -> Result<(), Failure> {
    nesting(level.saturating_sub(WRAPPER_LEVELS))?;
    match json {
        Value::Array(items) => items.iter().try_for_each(|item| depth(item, level + 1)),
        Value::Object(fields) => fields.values().try_for_each(|field| depth(field, level + 1)),
        _ => Ok(()),
    }
}

fn nesting(level: usize) -> Result<(), Failure> {
    if level > limits::DOCUMENT_DEPTH {
        return Err(invalid(format!("nested deeper than {} levels", limits::DOCUMENT_DEPTH)));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::InvalidDocument, message)
}
