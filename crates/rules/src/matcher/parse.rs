//! Queries, from BSON.

use bson::{Bson, Document};
use regex::{Regex, RegexBuilder};
use usher_contract::limits;

use super::{Element, Node, Operator, Predicate};
use crate::{number, problem};

type Parsed<T> = Result<T, String>;

const FIELD_OPERATORS: &[&str] = &[
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$not",
    "$exists",
    "$type",
    "$size",
    "$all",
    "$elemMatch",
    "$regex",
    "$options",
    "$mod",
    "$comment",
];

/// The names and numbers of BSON types, as `$type` takes them.
const TYPES: &[(&str, i64)] = &[
    ("double", 1),
    ("string", 2),
    ("object", 3),
    ("array", 4),
    ("binData", 5),
    ("undefined", 6),
    ("objectId", 7),
    ("bool", 8),
    ("date", 9),
    ("null", 10),
    ("regex", 11),
    ("dbPointer", 12),
    ("javascript", 13),
    ("symbol", 14),
    ("javascriptWithScope", 15),
    ("int", 16),
    ("timestamp", 17),
    ("long", 18),
    ("decimal", 19),
    ("minKey", -1),
    ("maxKey", 127),
];

pub(super) fn query(query: &Document) -> Parsed<Node> {
    let mut nodes = Vec::new();
    for (key, value) in query {
        nodes.push(match key.as_str() {
            "$comment" => continue,
            "$and" => Node::All(alternatives(key, value)?),
            "$or" => Node::Any(alternatives(key, value)?),
            "$nor" => Node::None(alternatives(key, value)?),
            _ if key.starts_with('$') => {
                let guess = problem::guess(key, ["$and", "$or", "$nor"].iter().chain(FIELD_OPERATORS).copied());
                return Err(format!("`{key}` cannot be used here: the query is matched outside the database{guess}"));
            }
            _ => Node::Field { path: key.clone(), predicate: condition(value)? },
        });
    }
    Ok(match nodes.len() {
        1 => nodes.remove(0),
        _ => Node::All(nodes),
    })
}

/// How many regular expressions a query has at most: each takes memory for as long as it may be matched.
pub(super) fn patterns(query: &Document) -> usize {
    fn of(value: &Bson) -> usize {
        match value {
            Bson::RegularExpression(_) => 1,
            Bson::Document(inner) => patterns(inner),
            Bson::Array(items) => items.iter().map(of).sum(),
            _ => 0,
        }
    }
    query.iter().map(|(name, value)| if name == "$regex" { 1 } else { of(value) }).sum()
}

fn alternatives(name: &str, value: &Bson) -> Parsed<Vec<Node>> {
    let wrong = || format!("`{name}` takes a list of queries that is not empty");
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or_else(wrong)?;
    items.iter().map(|item| query(item.as_document().ok_or_else(wrong)?)).collect()
}

fn condition(value: &Bson) -> Parsed<Predicate> {
    match value {
        Bson::Document(tests) if is_operators(tests) => Ok(one(operators(tests)?)),
        Bson::RegularExpression(it) => Ok(Predicate::Regex(pattern(it.pattern.as_str(), it.options.as_str())?)),
        other => Ok(Predicate::Compare(Operator::Equal, other.clone())),
    }
}

fn is_operators(document: &Document) -> bool {
    document.keys().next().is_some_and(|key| key.starts_with('$') && !matches!(key.as_str(), "$ref" | "$id" | "$db"))
}

fn one(mut predicates: Vec<Predicate>) -> Predicate {
    match predicates.len() {
        1 => predicates.remove(0),
        _ => Predicate::Every(predicates),
    }
}

fn operators(tests: &Document) -> Parsed<Vec<Predicate>> {
    let mut predicates = Vec::new();
    for (name, value) in tests {
        match name.as_str() {
            "$comment" => {}
            "$options" if tests.contains_key("$regex") => {}
            _ => predicates.push(operator(name, value, tests)?),
        }
    }
    Ok(predicates)
}

fn operator(name: &str, value: &Bson, beside: &Document) -> Parsed<Predicate> {
    let not = |predicate| Predicate::Not(Box::new(predicate));
    let compare = |operator| Ok(Predicate::Compare(operator, value.clone()));
    match name {
        "$eq" => compare(Operator::Equal),
        "$ne" => Ok(not(Predicate::Compare(Operator::Equal, value.clone()))),
        "$gt" => compare(Operator::Greater),
        "$gte" => compare(Operator::GreaterOrEqual),
        "$lt" => compare(Operator::Less),
        "$lte" => compare(Operator::LessOrEqual),
        "$in" => within(name, value),
        "$nin" => within(name, value).map(not),
        "$exists" => Ok(if truthy(value) { Predicate::Exists } else { not(Predicate::Exists) }),
        "$size" => Predicate::new(Operator::Size, value.clone()).ok_or_else(|| "`$size` takes a whole number".into()),
        "$all" => every(value),
        "$elemMatch" => element(value),
        "$not" => match value {
            Bson::Document(tests) if is_operators(tests) => Ok(not(one(operators(tests)?))),
            Bson::RegularExpression(_) => condition(value).map(not),
            _ => Err("`$not` takes operators or a regular expression".into()),
        },
        "$regex" => {
            let options = beside.get_str("$options").ok();
            match value {
                Bson::String(text) => pattern(text, options.unwrap_or_default()),
                Bson::RegularExpression(it) => {
                    pattern(it.pattern.as_str(), options.unwrap_or_else(|| it.options.as_str()))
                }
                _ => Err("`$regex` takes a text or a regular expression".into()),
            }
            .map(Predicate::Regex)
        }
        "$type" => types(value),
        "$mod" => remainder(value),
        _ => {
            let guess = problem::guess(name, FIELD_OPERATORS.iter().copied());
            Err(format!("`{name}` is not an operator that a query matched outside the database can use{guess}"))
        }
    }
}

fn array<'a>(name: &str, value: &'a Bson) -> Parsed<&'a Vec<Bson>> {
    value.as_array().ok_or_else(|| format!("`{name}` takes a list"))
}

fn within(name: &str, value: &Bson) -> Parsed<Predicate> {
    let (mut values, mut patterns) = (Vec::new(), Vec::new());
    for item in array(name, value)? {
        match item {
            Bson::RegularExpression(it) => patterns.push(pattern(it.pattern.as_str(), it.options.as_str())?),
            Bson::Document(inner) if is_operators(inner) => {
                return Err(format!("`{name}` takes values, not operators"));
            }
            other => values.push(other.clone()),
        }
    }
    Ok(Predicate::In(values, patterns))
}

fn every(value: &Bson) -> Parsed<Predicate> {
    let items = array("$all", value)?;
    if items.is_empty() {
        return Ok(Predicate::In(Vec::new(), Vec::new()));
    }
    let each = items.iter().map(|item| match item {
        Bson::Document(inner) if is_operators(inner) => match inner.get("$elemMatch") {
            Some(inner) => element(inner),
            None => Err("`$all` takes values or `$elemMatch`".into()),
        },
        other => condition(other),
    });
    Ok(Predicate::Every(each.collect::<Parsed<_>>()?))
}

fn element(value: &Bson) -> Parsed<Predicate> {
    let inner = value.as_document().ok_or("`$elemMatch` takes a query")?;
    let about_fields = matches!(inner.keys().next().map(String::as_str), Some("$and" | "$or" | "$nor"));
    Ok(Predicate::Element(Box::new(if is_operators(inner) && !about_fields {
        Element::Value(operators(inner)?)
    } else {
        Element::Fields(query(inner)?)
    })))
}

fn types(value: &Bson) -> Parsed<Predicate> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut types = Vec::new();
    for item in items {
        let known = match item {
            Bson::String(name) if name == "number" => {
                types.extend([1, 16, 18, 19]);
                continue;
            }
            Bson::String(name) => TYPES.iter().find(|(known, _)| known == name),
            other => number::whole(other, false).and_then(|code| TYPES.iter().find(|(_, known)| *known == code)),
        };
        let (_, code) = known.ok_or_else(|| format!("`$type` knows no type {item}"))?;
        // The minimal key's number is -1, which is 255 in the bytes of BSON.
        types.push(code.to_le_bytes()[0]);
    }
    Ok(Predicate::Type(types))
}

fn remainder(value: &Bson) -> Parsed<Predicate> {
    let wrong = "`$mod` takes a divisor other than 0 and a remainder";
    match array("$mod", value)?.as_slice() {
        [divisor, remainder] => {
            let whole = |it| number::whole(it, true).ok_or(wrong);
            let (divisor, remainder) = (whole(divisor)?, whole(remainder)?);
            if divisor == 0 { Err(wrong.into()) } else { Ok(Predicate::Mod { divisor, remainder }) }
        }
        _ => Err(wrong.into()),
    }
}

fn pattern(text: &str, options: &str) -> Parsed<Regex> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(limits::QUERY_PATTERN_BYTES).dfa_size_limit(limits::QUERY_PATTERN_BYTES);
    for option in options.chars() {
        match option {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'x' => builder.ignore_whitespace(true),
            'u' => &mut builder,
            other => return Err(format!("a regular expression has no option `{other}`")),
        };
    }
    builder.build().map_err(|e| format!("the regular expression `{text}` cannot be used: {e}"))
}

fn truthy(value: &Bson) -> bool {
    match value {
        Bson::Boolean(it) => *it,
        Bson::Null | Bson::Undefined => false,
        other => number::whole(other, false) != Some(0),
    }
}
