//! Plain JSON of a value: what any client understands, at the price of types. As the documentation of App Services has it
//! for data formats: dates, ids and decimals as text, every number as a number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bson::Bson;
use serde_json::{Value, json};
use usher_contract::value;

/// Beyond this a double says less than its digits would, and is written as a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value as plain JSON.
pub(super) fn json(value: Bson) -> Value {
    match value {
        // As `JSON.stringify`: a member without a value is none.
        Bson::Document(document) => {
            let members = document.into_iter().filter(|(_, value)| *value != Bson::Undefined);
            Value::Object(members.map(|(name, value)| (name, json(value))).collect())
        }
        Bson::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => Value::String(text),
        Bson::Boolean(value) => Value::Bool(value),
        Bson::Null | Bson::Undefined => Value::Null,
        Bson::Int32(number) => number.into(),
        Bson::Int64(number) => number.into(),
        #[allow(clippy::cast_possible_truncation, reason = "whole and small enough")]
        Bson::Double(number) if number.fract() == 0.0 && number.abs() < EXACT => (number as i64).into(),
        // What is no number in JSON becomes null, as with `JSON.stringify`.
        Bson::Double(number) => number.into(),
        Bson::Decimal128(number) => Value::String(number.to_string()),
        Bson::ObjectId(id) => Value::String(id.to_hex()),
        Bson::DateTime(date) => {
            date.try_to_rfc3339_string().map_or_else(|_| date.timestamp_millis().into(), Value::String)
        }
        Bson::Binary(binary) => {
            json!({ "Subtype": u8::from(binary.subtype), "Data": STANDARD.encode(&binary.bytes) })
        }
        Bson::RegularExpression(regex) => {
            json!({ "Pattern": regex.pattern.as_str(), "Options": regex.options.as_str() })
        }
        Bson::Timestamp(timestamp) => json!({ "T": timestamp.time, "I": timestamp.increment }),
        Bson::MinKey | Bson::MaxKey => json!({}),
        other @ (Bson::JavaScriptCodeWithScope(_) | Bson::DbPointer(_)) => value::to_extended_json(other),
    }
}

#[cfg(test)]
mod tests {
    use bson::spec::BinarySubtype;
    use bson::{Binary, DateTime, Timestamp, doc, oid::ObjectId};

    use super::*;

    #[test]
    fn values_lose_their_types_and_nothing_else() {
        let given = doc! {
            "id": ObjectId::parse_str("5d505646cf6d4fe581014ab2").unwrap(),
            "date": DateTime::from_millis(1_641_954_803_067),
            "numbers": [1, 2_i64, 3.0, 2.5, -0.5, 1e300, f64::NAN],
            "decimal": Bson::Decimal128("9823.1297".parse().unwrap()),
            "binary": Binary { subtype: BinarySubtype::Md5, bytes: vec![1, 2, 255] },
            "timestamp": Timestamp { time: 1_565_545_664, increment: 1 },
            "least": Bson::MinKey,
            "gone": Bson::Undefined,
            "list": [Bson::Undefined, Bson::Null],
            "text": "ü",
        };
        let expected = json!({
            "id": "5d505646cf6d4fe581014ab2",
            "date": "2022-01-12T02:33:23.067Z",
            "numbers": [1, 2, 3, 2.5, -0.5, 1e300, null],
            "decimal": "9823.1297",
            "binary": { "Subtype": 5, "Data": "AQL/" },
            "timestamp": { "T": 1_565_545_664, "I": 1 },
            "least": {},
            "list": [null, null],
            "text": "ü",
        });
        assert_eq!(super::json(Bson::Document(given)), expected);
    }
}
