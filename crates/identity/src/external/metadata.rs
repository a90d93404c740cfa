//! What of a token or profile becomes data of the user (`metadata_fields`, reference 7.7).

use bson::{Bson, Document};
use serde_json::{Map, Value};
use usher_app::MetadataField;
use usher_contract::limits;

use super::{Refusal, bad};

/// How deep a field may nest. MongoDB's documents hold a hundred levels, and the data lie within others.
const DEPTH: usize = 20;

pub(super) fn pick(fields: &[MetadataField], profile: &Map<String, Value>) -> Result<Document, Refusal> {
    let mut data = Document::new();
    for field in fields {
        let place = || field.path.join(".");
        match find(profile, &field.path) {
            Some(value) if chars(value) > limits::METADATA_CHARS => {
                return bad(format!("\"{}\" is longer than {} characters", place(), limits::METADATA_CHARS));
            }
            Some(value) => match bson(value, DEPTH) {
                Some(value) => drop(data.insert(&field.name, value)),
                None => return bad(format!("\"{}\" nests too deeply, or holds a name that begins with $", place())),
            },
            None if field.required => return bad(format!("\"{}\", which is required, is missing", place())),
            None => {}
        }
    }
    Ok(data)
}

/// What the path leads to; `null` is nothing.
fn find<'a>(profile: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(profile.get(first)?, |value, key| value.get(key)).filter(|value| !value.is_null())
}

fn chars(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        other => other.to_string().chars().count(),
    }
}

/// Plain JSON as BSON. A name that begins with `$` could be taken for an operator, wherever the data go from here.
fn bson(value: &Value, depth: usize) -> Option<Bson> {
    let below = |value: &Value| bson(value, depth.checked_sub(1)?);
    Some(match value {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(*flag),
        Value::String(text) => Bson::String(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32),
            None => Bson::Double(number.as_f64()?),
        },
        Value::Array(values) => Bson::Array(values.iter().map(below).collect::<Option<_>>()?),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let fits = !name.starts_with('$') && !name.contains('\0');
                Some((name.clone(), below(value).filter(|_| fits)?))
            });
            Bson::Document(members.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    fn field(path: &str, name: &str, required: bool) -> MetadataField {
        MetadataField { path: path.split('/').map(str::to_owned).collect(), name: name.to_owned(), required }
    }

    fn picked(fields: &[MetadataField], profile: Value) -> Result<Document, Refusal> {
        pick(fields, profile.as_object().unwrap())
    }

    #[test]
    fn fields_are_found_by_their_path_and_get_their_name() {
        let fields = [field("sub", "id", true), field("a.b/c", "deep", false), field("gone/x", "gone", false)];
        let profile = json!({"sub": "7", "a.b": {"c": [1, 2.5, 5_000_000_000_i64, true]}, "gone": "x", "more": 1});
        let expected = doc! {"id": "7", "deep": [1, 2.5, 5_000_000_000_i64, true]};
        assert_eq!(picked(&fields, profile).unwrap(), expected);
        assert_eq!(picked(&[], json!({"sub": "7"})).unwrap(), doc! {});
    }

    #[test]
    fn what_is_required_must_be_there() {
        for profile in [json!({}), json!({"email": null}), json!({"Email": "x"})] {
            assert!(matches!(picked(&[field("email", "email", true)], profile), Err(Refusal::Bad(_))));
        }
    }

    #[test]
    fn a_field_is_bounded_in_characters() {
        let fields = [field("x", "x", false)];
        assert!(picked(&fields, json!({"x": "€".repeat(limits::METADATA_CHARS)})).is_ok());
        assert!(picked(&fields, json!({"x": "€".repeat(limits::METADATA_CHARS + 1)})).is_err());
        assert!(picked(&fields, json!({"x": vec!["x"; limits::METADATA_CHARS / 3]})).is_err());
    }

    #[test]
    fn no_operator_gets_in() {
        let fields = [field("x", "x", false)];
        for hostile in [json!({"$gt": ""}), json!([{"$where": "1"}]), json!({"a": {"$oid": "x"}}), json!({"a\u{0}": 1})]
        {
            assert!(picked(&fields, json!({"x": hostile})).is_err(), "{hostile}");
        }
        let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert!(picked(&fields, json!({"x": nested(DEPTH)})).is_ok());
        assert!(picked(&fields, json!({"x": nested(DEPTH + 1)})).is_err());
    }
}
