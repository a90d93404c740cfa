//! Expressions, from JSON.

use serde_json::{Map, Value};

use super::expansion::{self, Place};
use super::operand;
use super::term::{Call, Conversion, State, Term};
use crate::matcher::Operator;
use crate::problem::{Problems, guess};

/// An expression as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Constant(bool),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Compare { left: Term, operator: Operator, right: Term },
    Exists(Term),
    Element { left: Term, tests: Vec<ElementTest> },
    Call(Call),
}

/// One test of an element, in `$elemMatch`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ElementTest {
    /// The element's field; `None` for the element itself.
    pub(crate) field: Option<String>,
    pub(crate) wanted: bool,
    /// `None` asks whether the field exists.
    pub(crate) compare: Option<(Operator, Term)>,
}

impl Node {
    /// Whether it speaks of what only the user's account tells.
    pub(crate) fn asks_for_account(&self) -> bool {
        match self {
            Self::Constant(_) => false,
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(Self::asks_for_account),
            Self::Not(node) => node.asks_for_account(),
            Self::Compare { left, right, .. } => left.asks_for_account() || right.asks_for_account(),
            Self::Exists(term) => term.asks_for_account(),
            Self::Element { left, tests } => {
                let compared = tests.iter().filter_map(|test| test.compare.as_ref());
                left.asks_for_account() || compared.into_iter().any(|(_, right)| right.asks_for_account())
            }
            Self::Call(call) => call.asks_for_account(),
        }
    }
}

const LOGICAL: &[&str] = &["and", "or", "nor", "not", "function"];
const COMPARING: &[&str] =
    &["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "not", "all", "size", "elemMatch"];

/// The name of an operator, written `$name` or `%name`.
pub(crate) fn unprefixed(key: &str) -> Option<&str> {
    key.strip_prefix('$').or_else(|| key.strip_prefix('%').filter(|rest| !rest.starts_with('%')))
}

/// Reads an expression; reports what is wrong and is never true then.
pub(crate) fn expression(json: &Value, place: &Place<'_>, problems: &mut Problems) -> Node {
    match json {
        Value::Bool(constant) => Node::Constant(*constant),
        Value::Object(members) => {
            let members =
                members.iter().map(|(key, value)| problems.inside(key, |problems| member(key, value, place, problems)));
            all(members.collect())
        }
        Value::String(text) if text == "%%true" || text == "%%false" => Node::Constant(text == "%%true"),
        _ => {
            problems.add(
                "an expression is true, false or an object",
                "write {} for always, or compare a field, such as {\"owner_id\": \"%%user.id\"}",
            );
            Node::Constant(false)
        }
    }
}

fn all(mut nodes: Vec<Node>) -> Node {
    match nodes.len() {
        0 => Node::Constant(true),
        1 => nodes.remove(0),
        _ => Node::All(nodes),
    }
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn member(key: &str, value: &Value, place: &Place<'_>, problems: &mut Problems) -> Node {
    if key == "%%true" || key == "%%false" {
        return boolean(key == "%%true", value, place, problems);
    }
    if expansion::is(key) {
        return match expansion::term(key, place, problems) {
            Some(left) => tests(&left, value, place, problems),
            None => Node::Constant(false),
        };
    }
    match unprefixed(key) {
        Some("and") => all(expressions(key, value, place, problems)),
        Some("or") => Node::Any(expressions(key, value, place, problems)),
        Some("nor") => not(Node::Any(expressions(key, value, place, problems))),
        Some("not") => not(expression(value, place, problems)),
        Some("function") => operand::call(value, place, problems).map_or(Node::Constant(false), Node::Call),
        Some(name) => {
            misplaced(key, name, problems);
            Node::Constant(false)
        }
        None => match field(key, place, problems) {
            Some(left) => tests(&left, value, place, problems),
            None => Node::Constant(false),
        },
    }
}

fn misplaced(key: &str, name: &str, problems: &mut Problems) {
    if COMPARING.contains(&name) {
        let help = format!("write it under the field: {{\"field\": {{\"{key}\": …}}}}");
        problems.add(format!("`{key}` stands where a field is expected"), help);
    } else if Conversion::named(name).is_some() {
        problems.add(format!("`{key}` makes a value"), "compare something with it: {\"field\": {…}}");
    } else {
        problems.add(
            format!("unknown operator `{key}`{}", guess(name, LOGICAL.iter().chain(COMPARING).copied())),
            "expressions are joined by %and %or %nor %not; %function asks a function",
        );
    }
}

fn expressions(key: &str, value: &Value, place: &Place<'_>, problems: &mut Problems) -> Vec<Node> {
    match value {
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .enumerate()
            .map(|(index, item)| problems.inside(index, |problems| expression(item, place, problems)))
            .collect(),
        _ => {
            problems
                .add(format!("`{key}` takes a list of expressions"), format!("write {{\"{key}\": [{{…}}, {{…}}]}}"));
            vec![Node::Constant(false)]
        }
    }
}

/// `%%true` or `%%false` as a key: an expression that is to be so.
fn boolean(wanted: bool, value: &Value, place: &Place<'_>, problems: &mut Problems) -> Node {
    let compares = |members: &Map<String, Value>| {
        members
            .keys()
            .next()
            .and_then(|key| unprefixed(key))
            .is_some_and(|name| COMPARING.contains(&name) && name != "not")
    };
    let itself = Term::Literal(wanted.into());
    match value {
        Value::Object(members) if compares(members) => tests(&itself, value, place, problems),
        Value::String(text) if expansion::is(text) => {
            Node::Compare { left: itself, operator: Operator::Equal, right: operand::term(value, place, problems) }
        }
        _ => {
            let inner = expression(value, place, problems);
            if wanted { inner } else { not(inner) }
        }
    }
}

/// A bare field name.
fn field(name: &str, place: &Place<'_>, problems: &mut Problems) -> Option<Term> {
    if !expansion::is_path(name) {
        problems.add(
            format!("{name:?} is not the name of a field"),
            "name a field, or fields with a dot between: \"address.city\"",
        );
        return None;
    }
    match place {
        Place::Document { .. } | Place::Arguments | Place::Element => Some(Term::Field(State::Now, name.to_owned())),
        Place::Nothing => {
            problems.add(
                format!("`{name}` is a field of a document, and a filter is decided before any is known"),
                "put it into the filter's `query`, or compare an expansion such as %%user.id",
            );
            None
        }
    }
}

/// What something is compared with: operators, or a value that it equals.
fn tests(left: &Term, value: &Value, place: &Place<'_>, problems: &mut Problems) -> Node {
    match value {
        Value::Object(members) if is_operators(members) => {
            let tests = members
                .iter()
                .map(|(key, value)| problems.inside(key, |problems| test(left, key, value, place, problems)));
            all(tests.collect())
        }
        _ => {
            let right = operand::term(value, place, problems);
            Node::Compare { left: left.clone(), operator: Operator::Equal, right }
        }
    }
}

fn is_operators(members: &Map<String, Value>) -> bool {
    members.keys().any(|key| unprefixed(key).is_some()) && !operand::is_value(members)
}

fn test(left: &Term, key: &str, value: &Value, place: &Place<'_>, problems: &mut Problems) -> Node {
    if let Some((wanted, operator)) = comparison(key) {
        let right = compared(key, operator, value, place, problems);
        let node = Node::Compare { left: left.clone(), operator, right };
        return if wanted { node } else { not(node) };
    }
    match unprefixed(key) {
        Some("exists") => {
            let node = Node::Exists(left.clone());
            if flag(key, value, problems) { node } else { not(node) }
        }
        Some("not") => match value {
            Value::Object(members) if is_operators(members) => not(tests(left, value, place, problems)),
            _ => {
                problems
                    .add(format!("`{key}` takes operators"), format!("write {{\"{key}\": {{\"$eq\": …}}}}, or $ne"));
                Node::Constant(false)
            }
        },
        Some("elemMatch") => Node::Element { left: left.clone(), tests: element(key, value, problems) },
        _ => {
            unknown(key, problems);
            Node::Constant(false)
        }
    }
}

/// The operators that compare two values, and whether the result is to be so.
fn comparison(key: &str) -> Option<(bool, Operator)> {
    Some(match unprefixed(key)? {
        "eq" => (true, Operator::Equal),
        "ne" => (false, Operator::Equal),
        "gt" => (true, Operator::Greater),
        "gte" => (true, Operator::GreaterOrEqual),
        "lt" => (true, Operator::Less),
        "lte" => (true, Operator::LessOrEqual),
        "in" => (true, Operator::In),
        "nin" => (false, Operator::In),
        "all" => (true, Operator::All),
        "size" => (true, Operator::Size),
        _ => return None,
    })
}

fn unknown(key: &str, problems: &mut Problems) {
    match unprefixed(key) {
        Some("regex" | "options") => {
            problems.add("expressions do not match regular expressions", "compare with values, or use %function");
        }
        Some("and" | "or" | "nor") => {
            problems.add(format!("`{key}` joins expressions, not operators"), "write it around the field");
        }
        Some(name) => problems.add(
            format!(
                "unknown operator `{key}`{}",
                guess(name, COMPARING.iter().copied().chain(Conversion::NAMES).chain(["function"]))
            ),
            "the operators are $eq $ne $gt $gte $lt $lte $in $nin $exists $not $all $size $elemMatch",
        ),
        None => problems.add(format!("`{key}` stands beside operators"), "write either fields or operators"),
    }
}

/// The right side of a comparison, of a kind that its operator takes.
fn compared(key: &str, operator: Operator, value: &Value, place: &Place<'_>, problems: &mut Problems) -> Term {
    let right = operand::term(value, place, problems);
    let (fits, takes) = match (operator, &right) {
        (Operator::In | Operator::All, Term::Literal(it)) => (it.as_array().is_some(), "a list"),
        (Operator::In | Operator::All, Term::Document(_)) => (false, "a list"),
        (Operator::Size, Term::Literal(it)) => {
            (crate::number::whole(it, false).is_some_and(|size| size >= 0), "a whole number from 0")
        }
        (Operator::Size, Term::Array(_) | Term::Document(_)) => (false, "a whole number from 0"),
        _ => (true, ""),
    };
    if !fits {
        problems.add(format!("`{key}` takes {takes}"), format!("give it {takes}, or an expansion that stands for one"));
    }
    right
}

fn flag(key: &str, value: &Value, problems: &mut Problems) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) if number.as_i64() == Some(0) => false,
        Value::Number(number) if number.as_i64() == Some(1) => true,
        Value::String(text) if text == "%%true" || text == "%%false" => text == "%%true",
        _ => {
            problems.add(format!("`{key}` takes true or false"), format!("write {{\"{key}\": true}}"));
            true
        }
    }
}

fn element(key: &str, value: &Value, problems: &mut Problems) -> Vec<ElementTest> {
    let Value::Object(members) = value else {
        problems.add(format!("`{key}` takes an object"), format!("write {{\"{key}\": {{\"field\": …}}}}"));
        return Vec::new();
    };
    let mut tests = Vec::new();
    for (name, value) in members {
        problems.inside(name, |problems| match unprefixed(name) {
            Some(_) => tests.push(element_test(None, name, value, problems)),
            None if field(name, &Place::Element, problems).is_none() => {}
            None => match value {
                Value::Object(inner) if is_operators(inner) => {
                    for (operator, value) in inner {
                        let own = |problems: &mut Problems| element_test(Some(name), operator, value, problems);
                        tests.push(problems.inside(operator, own));
                    }
                }
                _ => tests.push(element_test(Some(name), "$eq", value, problems)),
            },
        });
    }
    let itself = tests.iter().filter(|test| test.field.is_none()).count();
    if tests.is_empty() || (itself != 0 && itself != tests.len()) {
        problems.add(
            format!("`{key}` asks for nothing, or for both the element and its fields"),
            "write operators for the element itself, or its fields with what they are compared with",
        );
    }
    tests
}

fn element_test(field: Option<&String>, key: &str, value: &Value, problems: &mut Problems) -> ElementTest {
    let field = field.cloned();
    match (comparison(key), unprefixed(key)) {
        (Some((wanted, operator)), _) => {
            let right = compared(key, operator, value, &Place::Element, problems);
            ElementTest { field, wanted, compare: Some((operator, right)) }
        }
        (None, Some("exists")) => ElementTest { field, wanted: flag(key, value, problems), compare: None },
        _ => {
            match unprefixed(key) {
                Some("not" | "elemMatch") => {
                    problems.add(format!("`{key}` is not known inside `$elemMatch`"), "use $ne or $nin, or %function");
                }
                _ => unknown(key, problems),
            }
            ElementTest { field, wanted: true, compare: None }
        }
    }
}
