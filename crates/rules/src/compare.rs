//! Values compared as MongoDB compares them in queries and sorts.

use std::cmp::Ordering;

use bson::{Binary, Bson, Document};

use crate::number;

/// The group of types within which values are compared with each other; groups stand in MongoDB's order.
pub(crate) fn bracket(value: &Bson) -> u8 {
    match value {
        Bson::MinKey => 0,
        Bson::Null | Bson::Undefined => 5,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 10,
        Bson::String(_) | Bson::Symbol(_) => 15,
        Bson::Document(_) => 20,
        Bson::Array(_) => 25,
        Bson::Binary(_) => 30,
        Bson::ObjectId(_) => 35,
        Bson::Boolean(_) => 40,
        Bson::DateTime(_) => 45,
        Bson::Timestamp(_) => 47,
        Bson::RegularExpression(_) => 50,
        Bson::DbPointer(_) => 55,
        Bson::JavaScriptCode(_) => 60,
        Bson::JavaScriptCodeWithScope(_) => 65,
        Bson::MaxKey => 127,
    }
}

/// Whether two values are equal: numbers whatever their type, documents only with their fields in the same order.
pub(crate) fn equal(left: &Bson, right: &Bson) -> bool {
    compare(left, right) == Ordering::Equal
}

/// The order of any two values.
pub(crate) fn compare(left: &Bson, right: &Bson) -> Ordering {
    bracket(left).cmp(&bracket(right)).then_with(|| match (left, right) {
        (Bson::String(left) | Bson::Symbol(left), Bson::String(right) | Bson::Symbol(right)) => left.cmp(right),
        (Bson::Document(left), Bson::Document(right)) => documents(left, right),
        (Bson::Array(left), Bson::Array(right)) => {
            let first = left.iter().zip(right).map(|(left, right)| compare(left, right)).find(|it| it.is_ne());
            first.unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        (Bson::Binary(left), Bson::Binary(right)) => binary(left).cmp(&binary(right)),
        (Bson::ObjectId(left), Bson::ObjectId(right)) => left.cmp(right),
        (Bson::Boolean(left), Bson::Boolean(right)) => left.cmp(right),
        (Bson::DateTime(left), Bson::DateTime(right)) => left.cmp(right),
        (Bson::Timestamp(left), Bson::Timestamp(right)) => {
            (left.time, left.increment).cmp(&(right.time, right.increment))
        }
        (Bson::RegularExpression(left), Bson::RegularExpression(right)) => {
            (left.pattern.as_str(), left.options.as_str()).cmp(&(right.pattern.as_str(), right.options.as_str()))
        }
        (Bson::JavaScriptCode(left), Bson::JavaScriptCode(right)) => left.cmp(right),
        (Bson::JavaScriptCodeWithScope(left), Bson::JavaScriptCodeWithScope(right)) => {
            left.code.cmp(&right.code).then_with(|| documents(&left.scope, &right.scope))
        }
        // It shows nothing of what it holds but this.
        (Bson::DbPointer(left), Bson::DbPointer(right)) => format!("{left:?}").cmp(&format!("{right:?}")),
        _ => number::compare(left, right).unwrap_or(Ordering::Equal),
    })
}

fn documents(left: &Document, right: &Document) -> Ordering {
    let first = left.iter().zip(right).map(|((left_name, left), (right_name, right))| {
        bracket(left).cmp(&bracket(right)).then_with(|| left_name.cmp(right_name)).then_with(|| compare(left, right))
    });
    first.into_iter().find(|it| it.is_ne()).unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn binary(value: &Binary) -> (usize, u8, &[u8]) {
    (value.bytes.len(), u8::from(value.subtype), &value.bytes)
}
