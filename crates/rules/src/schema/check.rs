//! Whether a value is as its schema demands.

use std::collections::HashSet;

use bson::{Bson, Document};
use usher_contract::limits;
use usher_contract::value::to_extended_json;

use super::types::{self, Type};
use super::{ArrayNode, Node, NumberNode, ObjectNode, TextNode};

/// What is wrong with a document, as far as it is told.
#[derive(Default)]
pub(super) struct Violations {
    pub(super) told: Vec<String>,
    /// The names and indexes that lead to the value that is looked at.
    path: Vec<String>,
    /// Nobody reads the sentences: the first one ends it.
    silent: bool,
}

impl Violations {
    fn add(&mut self, what: impl FnOnce() -> String) {
        if self.full() {
            return;
        }
        let place = match &self.path[..] {
            [] => "the document".to_owned(),
            path => format!("\"{}\"", path.join(".")),
        };
        self.told.push(if self.silent { String::new() } else { format!("{place} {}", what()) });
    }

    fn full(&self) -> bool {
        self.told.len() >= if self.silent { 1 } else { limits::SCHEMA_VIOLATIONS }
    }

    fn within(&mut self, step: impl Into<String>, check: impl FnOnce(&mut Self)) {
        if self.full() {
            return;
        }
        self.path.push(step.into());
        check(self);
        self.path.pop();
    }
}

pub(super) fn value(node: &Node, value: &Bson, violations: &mut Violations) {
    if node.nothing {
        return violations.add(|| "must not be there".to_owned());
    }
    if !node.types.is_empty() && !node.types.iter().any(|it| it.accepts(value)) {
        let names: Vec<&str> = node.types.iter().map(|it: &Type| it.name()).collect();
        violations.add(|| format!("must be of the type {}, not {}", names.join(" or "), types::of(value)));
    }
    if let Some(values) = &node.one_of_values
        && !values.iter().any(|allowed| key(allowed) == key(value))
    {
        violations.add(|| format!("must be one of {}", list(values)));
    }
    match value {
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => {
            number(&node.number, value, violations)
        }
        Bson::String(text) => self::text(&node.text, text, violations),
        Bson::Array(elements) => array(&node.array, elements, violations),
        Bson::Document(document) => object(&node.object, document, violations),
        _ => {}
    }
    for each in &node.all_of {
        self::value(each, value, violations);
    }
    if !node.any_of.is_empty() && !node.any_of.iter().any(|it| holds(it, value)) {
        violations.add(|| "fits none of the schemas of \"anyOf\"".to_owned());
    }
    if !node.one_of.is_empty() {
        let fitting = node.one_of.iter().filter(|it| holds(it, value)).count();
        if fitting != 1 {
            violations.add(|| format!("fits {fitting} of the schemas of \"oneOf\", and must fit exactly one"));
        }
    }
    if node.not.as_ref().is_some_and(|not| holds(not, value)) {
        violations.add(|| "is what the schema says it must not be".to_owned());
    }
}

fn holds(node: &Node, value: &Bson) -> bool {
    let mut violations = Violations { silent: true, ..Violations::default() };
    self::value(node, value, &mut violations);
    violations.told.is_empty()
}

fn number(node: &NumberNode, value: &Bson, violations: &mut Violations) {
    let number = match value {
        Bson::Int32(number) => f64::from(*number),
        #[allow(clippy::cast_precision_loss, reason = "a bound is a double as well")]
        Bson::Int64(number) => *number as f64,
        Bson::Double(number) => *number,
        Bson::Decimal128(number) => number.to_string().parse().unwrap_or(f64::NAN),
        _ => return,
    };
    // Written so that what is not a number is within no bounds.
    if let Some((least, exclusive)) = node.minimum
        && !(number > least || (number == least && !exclusive))
    {
        let word = if exclusive { "more than" } else { "at least" };
        violations.add(|| format!("must be {word} {least}"));
    }
    if let Some((most, exclusive)) = node.maximum
        && !(number < most || (number == most && !exclusive))
    {
        let word = if exclusive { "less than" } else { "at most" };
        violations.add(|| format!("must be {word} {most}"));
    }
    if let Some(divisor) = node.multiple_of
        && !is_multiple(number, divisor)
    {
        violations.add(|| format!("must be a multiple of {divisor}"));
    }
}

/// Whether a number is as near to a multiple as doubles come: 19.99 is one of 0.01, though dividing leaves a rest.
fn is_multiple(number: f64, divisor: f64) -> bool {
    let times = number / divisor;
    (times - times.round()).abs() <= 1e-12 * times.abs().max(1.0)
}

fn text(node: &TextNode, text: &str, violations: &mut Violations) {
    if node.least.is_some() || node.most.is_some() {
        amount(text.chars().count(), node.least, node.most, "characters", violations);
    }
    if let Some(pattern) = &node.pattern
        && !pattern.0.is_match(text)
    {
        violations.add(|| format!("must match the pattern {:?}", pattern.0.as_str()));
    }
}

fn array(node: &ArrayNode, elements: &[Bson], violations: &mut Violations) {
    amount(elements.len(), node.least, node.most, "elements", violations);
    if node.unique {
        let mut seen = HashSet::new();
        if !elements.iter().all(|element| seen.insert(key(element))) {
            violations.add(|| "must not hold an element twice".to_owned());
        }
    }
    for (index, element) in elements.iter().enumerate() {
        if let Some(each) = node.places.get(index).or(node.items.as_deref()) {
            violations.within(index.to_string(), |violations| value(each, element, violations));
        }
    }
}

pub(super) fn object(node: &ObjectNode, document: &Document, violations: &mut Violations) {
    amount(document.len(), node.least, node.most, "fields", violations);
    for name in node.required.iter().filter(|name| !document.contains_key(name)) {
        violations.within(name, |violations| violations.add(|| "is missing".to_owned()));
    }
    for (name, each) in &node.properties {
        if let Some(found) = document.get(name) {
            violations.within(name, |violations| value(each, found, violations));
        }
    }
    if node.patterns.is_empty() && node.others.is_none() {
        return;
    }
    let known: HashSet<&str> = node.properties.iter().map(|(name, _)| name.as_str()).collect();
    for (name, found) in document {
        let mut described = known.contains(name.as_str());
        for (_, each) in node.patterns.iter().filter(|(pattern, _)| pattern.0.is_match(name)) {
            described = true;
            violations.within(name, |violations| value(each, found, violations));
        }
        if let Some(each) = node.others.as_ref().filter(|_| !described) {
            violations.within(name, |violations| value(each, found, violations));
        }
    }
}

fn amount(amount: usize, least: Option<usize>, most: Option<usize>, of: &str, violations: &mut Violations) {
    if let Some(least) = least.filter(|least| amount < *least) {
        violations.add(|| format!("must have at least {least} {of}, not {amount}"));
    }
    if let Some(most) = most.filter(|most| amount > *most) {
        violations.add(|| format!("must have at most {most} {of}, not {amount}"));
    }
}

/// A text that is the same for equal values. Numbers are equal whatever their type, as in a query.
fn key(value: &Bson) -> String {
    match value {
        Bson::Int32(number) => format!("n{number}"),
        Bson::Int64(number) => format!("n{number}"),
        Bson::Double(number) => format!("n{number}"),
        Bson::Array(elements) => format!("[{}]", elements.iter().map(key).collect::<Vec<_>>().join(",")),
        Bson::Document(document) => {
            let fields: Vec<String> = document.iter().map(|(name, value)| format!("{name:?}:{}", key(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        other => to_extended_json(other.clone()).to_string(),
    }
}

fn list(values: &[Bson]) -> String {
    let shown: Vec<String> = values.iter().map(|value| value.clone().into_relaxed_extjson().to_string()).collect();
    shown.join(", ")
}
