//! Values and fields, read by the types that they must have.

use std::borrow::Cow;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;

use super::{Document, line_of};
use crate::names::{near, quote};

const HELP: &str = "give a value that JSON can carry, or Extended JSON";

/// A value in a file.
#[derive(Clone, Copy)]
pub(crate) struct Node<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) value: &'d Value<'d>,
    /// The key that it stands under; empty at the root.
    pub(super) label: &'d str,
}

impl<'d> Node<'d> {
    /// The file that it stands in, relative to the app directory.
    pub(crate) fn file(self) -> &'d str {
        self.document.file
    }

    pub(crate) fn line(self) -> usize {
        self.line_at(self.value.start())
    }

    fn line_at(self, offset: usize) -> usize {
        line_of(&self.document.lines, offset)
    }

    /// Reports a mistake at this value.
    pub(crate) fn mistake(self, message: impl Into<String>, help: impl Into<String>) {
        self.mistake_at(self.line(), message, help);
    }

    pub(crate) fn mistake_at(self, line: usize, message: impl Into<String>, help: impl Into<String>) {
        self.document.report.mistake(self.document.file, Some(line), message, help);
    }

    /// Reports a notice at this value.
    pub(crate) fn notice(self, message: impl Into<String>) {
        self.notice_at(self.line(), message);
    }

    pub(crate) fn notice_at(self, line: usize, message: impl Into<String>) {
        self.document.report.notice(self.document.file, Some(line), message);
    }

    /// Reports at this value a feature that this version leaves out.
    pub(crate) fn not_run(self, what: &str, because: &str) {
        self.document.report.not_run(self.document.file, Some(self.line()), what, because);
    }

    pub(crate) fn object(self) -> Option<Fields<'d>> {
        let object = self.value.as_object().or_else(|| self.not_a("an object {…}"))?;
        let fields = Fields { node: self, object };
        fields.refuse_repeated();
        Some(fields)
    }

    pub(crate) fn array(self) -> Option<Vec<Self>> {
        self.try_array().or_else(|| self.not_a("an array […]"))
    }

    pub(crate) fn text(self) -> Option<&'d str> {
        let text = self.value.as_string_lit().or_else(|| self.not_a("a string"))?;
        Some(&text.value)
    }

    /// The text of a secret: a mistake in its place does not quote it.
    pub(crate) fn secret(self) -> Option<&'d str> {
        let text = self.value.as_string_lit();
        if text.is_none() {
            let message = format!("the secret {} must be a string", quote(self.label));
            self.mistake(message, "write {\"<name>\": \"<secret>\"}");
        }
        text.map(|text| text.value.as_ref())
    }

    pub(crate) fn boolean(self) -> Option<bool> {
        let boolean = self.value.as_boolean_lit().or_else(|| self.not_a("true or false"))?;
        Some(boolean.value)
    }

    pub(crate) fn whole_number(self) -> Option<u64> {
        let parsed = self.value.as_number_lit().and_then(|number| number.value.parse().ok());
        parsed.or_else(|| self.not_a("a whole number"))
    }

    /// The value as it is, of whatever kind.
    pub(crate) fn json(self) -> Option<serde_json::Value> {
        let range = self.value.range();
        let text = self.document.text.get(range.start..range.end).unwrap_or_default();
        let parsed = serde_json::from_str(text);
        // A number beyond all numbers, or half of a surrogate pair.
        parsed.map_err(|error| self.mistake(format!("cannot be read: {}", super::without_place(&error)), HELP)).ok()
    }

    /// The value in BSON, read as Extended JSON.
    pub(crate) fn bson(self) -> Option<bson::Bson> {
        let read = usher_contract::value::from_extended_json(self.json()?);
        read.map_err(|failure| self.mistake(failure.message, HELP)).ok()
    }

    /// The elements of an array, or the value itself: where App Services exported one or several.
    pub(crate) fn one_or_more(self) -> Vec<Self> {
        match self.value {
            Value::Array(_) => self.array().unwrap_or_default(),
            _ => vec![self],
        }
    }

    /// The value that a path of keys and indexes leads to, or the last one on the way that is there.
    pub(crate) fn at(self, path: &[String]) -> Self {
        let Some((step, rest)) = path.split_first() else {
            return self;
        };
        let next = match self.value {
            Value::Object(_) => self.try_object().and_then(|fields| fields.iter().find(|(key, _)| key == step)),
            Value::Array(array) => {
                let element = step.parse().ok().and_then(|index: usize| array.elements.get(index));
                element.map(|value| ("", Self { value, ..self }))
            }
            _ => None,
        };
        next.map_or(self, |(_, node)| node.at(rest))
    }

    /// Whether it says nothing: `""`, `{}`, `[]` or null.
    pub(crate) fn is_empty(self) -> bool {
        match self.value {
            Value::StringLit(text) => text.value.is_empty(),
            Value::Object(object) => object.properties.is_empty(),
            Value::Array(array) => array.elements.is_empty(),
            Value::NullKeyword(_) => true,
            Value::BooleanLit(_) | Value::NumberLit(_) => false,
        }
    }

    /// Whether it is `true`, without complaint where it is no boolean.
    pub(crate) fn is_true(self) -> bool {
        self.value.as_boolean_lit().is_some_and(|literal| literal.value)
    }

    /// Whether it is this string, without complaint where it is no string.
    pub(crate) fn is_text(self, text: &str) -> bool {
        self.as_text() == Some(text)
    }

    /// The text, without complaint where it is no string.
    pub(crate) fn as_text(self) -> Option<&'d str> {
        self.value.as_string_lit().map(|literal| literal.value.as_ref())
    }

    /// The elements, without complaint where it is no array.
    pub(crate) fn try_array(self) -> Option<Vec<Self>> {
        self.value.as_array().map(|array| array.elements.iter().map(|value| Self { value, ..self }).collect())
    }

    /// The fields, without complaint where it is no object.
    pub(crate) fn try_object(self) -> Option<Fields<'d>> {
        self.value.as_object().map(|object| Fields { node: self, object })
    }

    fn not_a<T>(self, wanted: &str) -> Option<T> {
        let found = match self.value {
            Value::StringLit(_) => "a string",
            Value::NumberLit(number) => match number.value.len() {
                ..=20 => number.value,
                _ => "that number",
            },
            Value::BooleanLit(literal) if literal.value => "true",
            Value::BooleanLit(_) => "false",
            Value::Object(_) => "an object",
            Value::Array(_) => "an array",
            Value::NullKeyword(_) => "null",
        };
        let (what, help) = match self.label {
            "" => (Cow::from("the file"), format!("write {wanted}")),
            label => (quote(label).into(), format!("write {wanted} for {}", quote(label))),
        };
        self.mistake(format!("{what} must hold {wanted}, not {found}"), help);
        None
    }
}

/// The fields of an object.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'d> {
    pub(crate) node: Node<'d>,
    object: &'d Object<'d>,
}

/// A key that nobody reads.
pub(crate) struct Unknown<'d> {
    pub(crate) key: &'d str,
    pub(crate) line: usize,
    /// The known key that it resembles.
    pub(crate) near: Option<&'static str>,
}

impl<'d> Fields<'d> {
    /// All fields in their order, nulls included.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        self.object.properties.iter().map(move |property| {
            let label = property.name.as_str();
            (label, Node { value: &property.value, label, ..self.node })
        })
    }

    /// The value of a field; null counts as absent.
    pub(crate) fn get(self, key: &str) -> Option<Node<'d>> {
        let (_, node) = self.iter().find(|(name, _)| *name == key)?;
        node.value.as_null_keyword().is_none().then_some(node)
    }

    /// The value of a field that must be there.
    pub(crate) fn required(self, key: &str) -> Option<Node<'d>> {
        self.get(key).or_else(|| {
            self.node.mistake(format!("{} is missing", quote(key)), format!("add {}", quote(key)));
            None
        })
    }

    /// The text of an optional field; empty counts as absent.
    pub(crate) fn text(self, key: &str) -> Option<&'d str> {
        self.get(key)?.text().filter(|text| !text.is_empty())
    }

    /// A switch that is off where it is absent.
    pub(crate) fn flag(self, key: &str) -> bool {
        self.get(key).filter(|node| !node.is_text("")).and_then(Node::boolean).unwrap_or(false)
    }

    /// The fields whose keys are not among `known`.
    pub(crate) fn unknown(self, known: &'static [&'static str]) -> impl Iterator<Item = Unknown<'d>> {
        let others = self.object.properties.iter().filter(|p| !known.contains(&p.name.as_str()));
        others.map(move |property| Unknown {
            key: property.name.as_str(),
            line: self.node.line_at(property.name.start()),
            near: near(property.name.as_str(), known),
        })
    }

    /// Gives a notice for every field whose key is not among `known`.
    pub(crate) fn notice_unknown(self, known: &'static [&'static str]) {
        for unknown in self.unknown(known) {
            self.node.notice_at(unknown.line, format!("{}; it has no effect", unknown.what()));
        }
    }

    /// Refuses every field whose key resembles one of `known`, and gives a notice for other unknown ones. Exports carry
    /// keys that mean nothing here; but a slip in one that does, as in `"privat": true`, would give away what its author
    /// meant to keep.
    pub(crate) fn refuse_misspelt(self, known: &'static [&'static str]) {
        for unknown in self.unknown(known) {
            match unknown.near {
                Some(near) => {
                    let help = format!("write \"{near}\", or remove the field");
                    self.node.mistake_at(unknown.line, unknown.what(), help);
                }
                None => self.node.notice_at(unknown.line, format!("{}; it has no effect", unknown.what())),
            }
        }
    }

    /// Refuses every field whose key is not among `known`.
    pub(crate) fn refuse_unknown(self, known: &'static [&'static str]) {
        for unknown in self.unknown(known) {
            let help = format!("the fields here are {}", known.join(", "));
            self.node.mistake_at(unknown.line, unknown.what(), help);
        }
    }

    fn refuse_repeated(self) {
        let mut seen = std::collections::HashMap::new();
        for property in &self.object.properties {
            let line = self.node.line_at(property.name.start());
            let key = property.name.as_str();
            if let Some(first) = seen.insert(key, line) {
                let message = format!("{} is given twice, first on line {first}", quote(key));
                self.node.mistake_at(line, message, "keep one of the two");
            }
        }
    }
}

impl Unknown<'_> {
    /// What is wrong, with a guess at what was meant.
    pub(crate) fn what(&self) -> String {
        let key = quote(self.key);
        match self.near {
            Some(near) => format!("unknown field {key}; did you mean {}?", quote(near)),
            None => format!("unknown field {key}"),
        }
    }
}
