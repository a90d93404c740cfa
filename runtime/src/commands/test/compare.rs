//! What was expected against what came.

use bson::{Bson, Document};
use serde_json::Value;
use usher_contract::value;

use super::case::Expect;
use super::stage::Answer;

/// The placeholder that any value fits: `{"$any": true}`.
const ANY: &str = "$any";

/// What is wrong with an answer.
pub(super) fn answer(expect: &Expect, answer: &Answer) -> Vec<String> {
    match (answer, &expect.error) {
        (Ok(result), None) => {
            expect.result.as_ref().map(|expected| differences("result", expected, result)).unwrap_or_default()
        }
        (Ok(result), Some(_)) => vec![format!("expected an error, got the result {}", show(result))],
        (Err(failure), None) => vec![format!("expected a result, got the error {failure}")],
        (Err(failure), Some(expected)) => {
            let mut wrong = Vec::new();
            if let Some(code) = expected.code.as_ref().filter(|code| **code != failure.code) {
                wrong.push(format!("error.code: expected {code}, got {} ({})", failure.code, failure.message));
            }
            if let Some(message) = expected.message.as_ref().filter(|text| !failure.message.contains(text.as_str())) {
                wrong.push(format!("error.message: expected {message:?} in it, got {:?}", failure.message));
            }
            wrong
        }
    }
}

/// What is wrong with the documents of a collection, whose order does not matter.
pub(super) fn documents(namespace: &str, expected: &[Value], found: &[Document]) -> Vec<String> {
    let found: Vec<Bson> = found.iter().cloned().map(Bson::Document).collect();
    let partners = pair(expected, &found);
    let missing: Vec<&Value> =
        expected.iter().zip(&partners).filter(|(_, partner)| partner.is_none()).map(|(document, _)| document).collect();
    let surplus: Vec<&Bson> =
        found.iter().enumerate().filter(|(index, _)| !partners.contains(&Some(*index))).map(|(_, it)| it).collect();
    // One document that is not as it should be is better told by its fields.
    if let ([expected], [found]) = (&missing[..], &surplus[..]) {
        return differences(namespace, expected, found);
    }
    let missing = missing.into_iter().map(|document| format!("{namespace}: missing {document}"));
    missing.chain(surplus.into_iter().map(|document| format!("{namespace}: unexpected {}", show(document)))).collect()
}

/// Texts that the log should hold, in order, and does not.
pub(super) fn log(expected: &[String], log: &[String]) -> Vec<String> {
    let mut lines = log.iter();
    for text in expected {
        if !lines.any(|line| line.contains(text)) {
            return vec![format!("log: expected {text:?}")];
        }
    }
    Vec::new()
}

/// For each expected document the index of one that fits, each used once. With placeholders a document may fit
/// several; a choice is taken back where that helps another.
fn pair(expected: &[Value], found: &[Bson]) -> Vec<Option<usize>> {
    let fits: Vec<Vec<usize>> = expected
        .iter()
        .map(|wanted| (0..found.len()).filter(|&index| differences("", wanted, &found[index]).is_empty()).collect())
        .collect();
    let mut owner: Vec<Option<usize>> = vec![None; found.len()];
    for wanted in 0..expected.len() {
        assign(wanted, &fits, &mut owner, &mut vec![false; found.len()]);
    }
    let mut partners = vec![None; expected.len()];
    for (index, owner) in owner.into_iter().enumerate() {
        if let Some(owner) = owner {
            partners[owner] = Some(index);
        }
    }
    partners
}

fn assign(wanted: usize, fits: &[Vec<usize>], owner: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for &index in &fits[wanted] {
        if std::mem::replace(&mut tried[index], true) {
            continue;
        }
        if owner[index].is_none_or(|other| assign(other, fits, owner, tried)) {
            owner[index] = Some(wanted);
            return true;
        }
    }
    false
}

/// Every place where a value is not as expected.
///
/// A plain JSON number fits a number of any type, an Extended JSON one only its own type; the order of fields does not
/// matter.
fn differences(place: &str, expected: &Value, found: &Bson) -> Vec<String> {
    match (expected, found) {
        (Value::Object(fields), _) if is_any(fields) => Vec::new(),
        (Value::Object(fields), Bson::Document(document)) if !is_wrapper(fields) => {
            let mut wrong: Vec<String> = fields
                .iter()
                .flat_map(|(name, expected)| {
                    let place = format!("{place}.{name}");
                    match document.get(name) {
                        Some(found) => differences(&place, expected, found),
                        None => vec![format!("{place}: expected {expected}, got nothing")],
                    }
                })
                .collect();
            let surplus = document.iter().filter(|(name, _)| !fields.contains_key(*name));
            wrong.extend(surplus.map(|(name, found)| format!("{place}.{name}: unexpected {}", show(found))));
            wrong
        }
        (Value::Array(expected), Bson::Array(found)) if expected.len() == found.len() => {
            let items = expected.iter().zip(found).enumerate();
            items
                .flat_map(|(index, (expected, found))| differences(&format!("{place}[{index}]"), expected, found))
                .collect()
        }
        (Value::Number(expected), _) if number(found).is_some_and(|found| expected.as_f64() == Some(found)) => {
            Vec::new()
        }
        _ if value::from_extended_json(expected.clone()).is_ok_and(|expected| same(&expected, found)) => Vec::new(),
        _ => vec![format!("{place}: expected {expected}, got {}", show(found))],
    }
}

fn is_any(fields: &serde_json::Map<String, Value>) -> bool {
    fields.len() == 1 && fields.get(ANY) == Some(&Value::Bool(true))
}

/// Whether it stands for one value of a type that JSON lacks.
fn is_wrapper(fields: &serde_json::Map<String, Value>) -> bool {
    fields.keys().next().is_some_and(|name| name.starts_with('$'))
}

fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        #[allow(clippy::cast_precision_loss, reason = "a plain JSON number has no more precision")]
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number),
        _ => None,
    }
}

/// As `==`, but NaN is what it is.
fn same(expected: &Bson, found: &Bson) -> bool {
    match (expected, found) {
        (Bson::Double(expected), Bson::Double(found)) => expected.to_bits() == found.to_bits(),
        _ => expected == found,
    }
}

fn show(value: &Bson) -> String {
    value::to_extended_json(value.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use bson::oid::ObjectId;
    use bson::{bson, doc};
    use serde_json::json;

    use super::*;

    fn fits(expected: Value, found: Bson) -> bool {
        differences("result", &expected, &found).is_empty()
    }

    #[test]
    fn plain_numbers_fit_any_type_and_wrapped_ones_their_own() {
        for found in [Bson::Int32(2), Bson::Int64(2), Bson::Double(2.0)] {
            assert!(fits(json!(2), found.clone()));
            assert!(!fits(json!(3), found));
        }
        assert!(fits(json!({"$numberLong": "2"}), Bson::Int64(2)));
        assert!(!fits(json!({"$numberLong": "2"}), Bson::Int32(2)));
        assert!(!fits(json!(2), Bson::String("2".into())));
        assert!(!fits(json!(null), Bson::Undefined));
        assert!(fits(json!({"$numberDouble": "NaN"}), Bson::Double(f64::NAN)));
    }

    #[test]
    fn documents_fit_whatever_their_order_but_not_with_more_or_less() {
        assert!(fits(json!({"a": 1, "b": {"c": [true]}}), bson!({"b": {"c": [true]}, "a": 1})));
        let differences = differences("result", &json!({"a": 1, "b": 2}), &bson!({"a": 2, "c": "x"}));
        assert_eq!(
            differences,
            [
                r#"result.a: expected 1, got {"$numberInt":"2"}"#,
                "result.b: expected 2, got nothing",
                r#"result.c: unexpected "x""#,
            ]
        );
    }

    #[test]
    fn a_placeholder_stands_for_a_value_that_must_be_there() {
        let any = json!({"_id": {"$any": true}});
        assert!(fits(any.clone(), bson!({"_id": ObjectId::new()})));
        assert!(!fits(any, bson!({})));
    }

    #[test]
    fn placeholders_do_not_take_the_document_of_another() {
        let expected = [json!({"a": {"$any": true}}), json!({"a": 1})];
        assert!(documents("app.a", &expected, &[doc! {"a": 1}, doc! {"a": 2}]).is_empty());
        assert!(documents("app.a", &expected, &[doc! {"a": 2}, doc! {"a": 1}]).is_empty());
        assert_eq!(documents("app.a", &expected, &[doc! {"a": 2}, doc! {"a": 3}]).len(), 1);
    }

    #[test]
    fn missing_and_surplus_documents_are_told() {
        let told = documents("app.a", &[json!({"a": 1}), json!({"a": 2})], &[doc! {"a": 3}]);
        assert_eq!(
            told,
            [r#"app.a: missing {"a":1}"#, r#"app.a: missing {"a":2}"#, r#"app.a: unexpected {"a":{"$numberInt":"3"}}"#]
        );
        assert_eq!(documents("app.a", &[], &[doc! {}]), ["app.a: unexpected {}"]);
    }

    #[test]
    fn log_lines_come_in_order() {
        let lines = ["first line".to_owned(), "second line".to_owned()];
        assert!(log(&["first".into(), "second".into()], &lines).is_empty());
        assert_eq!(log(&["second".into(), "first".into()], &lines), [r#"log: expected "first""#]);
    }
}
