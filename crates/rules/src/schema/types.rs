//! The types that a schema can name.

use bson::Bson;

/// A type in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Type(&'static str);

/// The names that a schema may use, with those of the types that they mean: `bsonType`, `type` of JSON Schema, and words
/// that stray into real schemas.
const NAMES: &[(&str, &str)] = &[
    ("string", "string"),
    ("objectId", "objectId"),
    ("objectid", "objectId"),
    ("object", "object"),
    ("array", "array"),
    ("bool", "bool"),
    ("boolean", "bool"),
    ("int", "int"),
    ("integer", "long"),
    ("long", "long"),
    ("double", "double"),
    ("float", "double"),
    ("decimal", "decimal"),
    ("number", "number"),
    ("date", "date"),
    ("timestamp", "timestamp"),
    ("uuid", "uuid"),
    ("binData", "binData"),
    ("regex", "regex"),
    ("null", "null"),
    ("undefined", "undefined"),
    ("javascript", "javascript"),
    ("javascriptWithScope", "javascript"),
    ("symbol", "symbol"),
    ("dbPointer", "dbPointer"),
    ("minKey", "minKey"),
    ("maxKey", "maxKey"),
    ("mixed", "mixed"),
];
/// The whole numbers that a double holds exactly.
const WHOLE: f64 = 9_007_199_254_740_992.0;

impl Type {
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, means)| Self(means))
    }

    pub(super) fn names() -> Vec<&'static str> {
        NAMES.iter().map(|(name, _)| *name).collect()
    }

    /// Whether a document is of one of these types.
    pub(super) fn allow_documents(types: &[Self]) -> bool {
        types.is_empty() || types.iter().any(|it| ["object", "mixed"].contains(&it.0))
    }

    pub(super) fn name(self) -> &'static str {
        self.0
    }

    pub(super) fn accepts(self, value: &Bson) -> bool {
        match (self.0, value) {
            ("mixed", _) => true,
            ("number" | "int" | "long" | "double", Bson::Int32(_)) => true,
            ("int", number) => whole(number).is_some_and(|number| i32::try_from(number).is_ok()),
            ("long", number) => whole(number).is_some(),
            ("double" | "number", Bson::Double(_) | Bson::Int64(_)) | ("number", Bson::Decimal128(_)) => true,
            ("uuid", Bson::Binary(binary)) => binary.subtype == bson::spec::BinarySubtype::Uuid,
            (name, value) => name == of(value),
        }
    }
}

/// A whole number, where it is one.
fn whole(number: &Bson) -> Option<i64> {
    match number {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        #[allow(clippy::cast_possible_truncation, reason = "whole and in range")]
        Bson::Double(number) if number.fract() == 0.0 && number.abs() <= WHOLE => Some(*number as i64),
        _ => None,
    }
}

/// The type of a value, as `bsonType` names it.
pub(super) fn of(value: &Bson) -> &'static str {
    match value {
        Bson::Double(_) => "double",
        Bson::String(_) => "string",
        Bson::Array(_) => "array",
        Bson::Document(_) => "object",
        Bson::Boolean(_) => "bool",
        Bson::Null => "null",
        Bson::RegularExpression(_) => "regex",
        Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => "javascript",
        Bson::Int32(_) => "int",
        Bson::Int64(_) => "long",
        Bson::Timestamp(_) => "timestamp",
        Bson::Binary(_) => "binData",
        Bson::ObjectId(_) => "objectId",
        Bson::DateTime(_) => "date",
        Bson::Symbol(_) => "symbol",
        Bson::Decimal128(_) => "decimal",
        Bson::Undefined => "undefined",
        Bson::MaxKey => "maxKey",
        Bson::MinKey => "minKey",
        Bson::DbPointer(_) => "dbPointer",
    }
}
