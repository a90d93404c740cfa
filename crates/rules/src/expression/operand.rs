//! Values in expressions: literals, expansions, conversions and calls.

use bson::Bson;
use serde_json::{Map, Value};
use usher_contract::value::from_extended_json;

use super::expansion::{self, Place};
use super::syntax::unprefixed;
use super::term::{Call, Conversion, Term};
use crate::problem::{Problems, guess};

/// The keys by which Extended JSON tells its types; those of regular expressions are left out on purpose.
const WRAPPERS: &[&str] = &[
    "$oid",
    "$date",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$binary",
    "$uuid",
    "$timestamp",
    "$symbol",
    "$code",
    "$dbPointer",
    "$undefined",
    "$minKey",
    "$maxKey",
];

/// Reads a value; reports what is wrong and stands for nothing then.
pub(crate) fn term(json: &Value, place: &Place<'_>, problems: &mut Problems) -> Term {
    match json {
        Value::String(text) if expansion::is(text) => expansion::term(text, place, problems).unwrap_or(nothing()),
        Value::Array(items) => {
            let items: Vec<Term> = items
                .iter()
                .enumerate()
                .map(|(index, item)| problems.inside(index, |problems| term(item, place, problems)))
                .collect();
            literal(Term::Array(items))
        }
        Value::Object(members) => object(members, place, problems),
        other => extended(other, problems),
    }
}

/// Whether an object is a value rather than a set of operators: Extended JSON, a conversion or a call.
pub(crate) fn is_value(members: &Map<String, Value>) -> bool {
    members.keys().next().is_some_and(|first| {
        let named = unprefixed(first);
        WRAPPERS.contains(&first.as_str()) || named == Some("function") || named.and_then(Conversion::named).is_some()
    })
}

/// A call: `{name, arguments}`.
pub(crate) fn call(json: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<Call> {
    const HELP: &str = "write {\"%function\": {\"name\": \"isAdmin\", \"arguments\": [\"%%user.id\"]}}";
    let Some(members) = json.as_object() else {
        problems.add("`%function` takes an object", HELP);
        return None;
    };
    for key in members.keys().filter(|key| !["name", "arguments"].contains(&key.as_str())) {
        let guess = guess(key, ["name", "arguments"]);
        problems.inside(key, |problems| problems.add(format!("`%function` has no `{key}`{guess}"), HELP));
    }
    let arguments = match members.get("arguments") {
        None => Vec::new(),
        Some(Value::Array(items)) => problems.inside("arguments", |problems| {
            let read = |(index, item)| problems.inside(index, |problems| term(item, place, problems));
            items.iter().enumerate().map(read).collect()
        }),
        Some(_) => {
            problems.inside("arguments", |problems| problems.add("`arguments` is not a list", HELP));
            return None;
        }
    };
    match members.get("name") {
        Some(Value::String(name)) if !name.is_empty() => Some(Call { function: name.clone(), arguments }),
        _ => {
            problems.add("`%function` names no function", HELP);
            None
        }
    }
}

fn object(members: &Map<String, Value>, place: &Place<'_>, problems: &mut Problems) -> Term {
    let Some((first, value)) = members.iter().next() else {
        return Term::Literal(Bson::Document(bson::Document::new()));
    };
    if WRAPPERS.contains(&first.as_str()) {
        return extended(&Value::Object(members.clone()), problems);
    }
    if let Some(name) = unprefixed(first) {
        let conversion = Conversion::named(name);
        if members.len() > 1 && (conversion.is_some() || name == "function") {
            problems.add(format!("`{first}` stands beside other members"), "let it stand alone in its object");
            return nothing();
        }
        return problems.inside(first, |problems| match (conversion, name) {
            (Some(conversion), _) => convert(conversion, value, place, problems),
            (None, "function") => call(value, place, problems).map_or(nothing(), Term::Call),
            (None, "regularExpression" | "regex") => {
                problems.add("expressions do not match regular expressions", "compare with values, or use %function");
                nothing()
            }
            _ => {
                let known = Conversion::NAMES.into_iter().chain(["function"]);
                problems.add(
                    format!("`{first}` does not make a value{}", guess(name, known)),
                    "what makes one is: %stringToOid %oidToString %stringToUuid %uuidToString %function",
                );
                nothing()
            }
        });
    }
    let fields = members.iter().map(|(name, value)| {
        let term = problems.inside(name, |problems| {
            if name.starts_with(['$', '%']) {
                problems.add(format!("`{name}` stands beside fields of a value"), "remove it, or the fields");
            }
            term(value, place, problems)
        });
        (name.clone(), term)
    });
    literal(Term::Document(fields.collect()))
}

fn convert(conversion: Conversion, json: &Value, place: &Place<'_>, problems: &mut Problems) -> Term {
    match term(json, place, problems) {
        Term::Literal(value) => match conversion.apply(&value) {
            Some(value) => Term::Literal(value),
            None => {
                problems
                    .add(format!("{json} cannot be converted so"), "give it a value of the kind that its name says");
                nothing()
            }
        },
        inner @ (Term::Fact(_) | Term::Field(..)) => Term::Convert(conversion, Box::new(inner)),
        _ => {
            problems.add("only a literal or an expansion can be converted", "convert each part for itself");
            nothing()
        }
    }
}

fn extended(json: &Value, problems: &mut Problems) -> Term {
    match from_extended_json(json.clone()) {
        Ok(value) => Term::Literal(value),
        Err(failure) => {
            problems.add(failure.message, "write the value in Extended JSON, such as {\"$oid\": \"…\"}");
            nothing()
        }
    }
}

/// Says the same by a literal where nothing in it has to be found first.
fn literal(term: Term) -> Term {
    match term.known() {
        Some(value) => Term::Literal(value),
        None => term,
    }
}

/// Stands in for a value that could not be read, once that is reported.
fn nothing() -> Term {
    Term::Literal(Bson::Null)
}
