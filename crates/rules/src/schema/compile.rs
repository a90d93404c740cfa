//! From JSON to a schema, with every problem on the way.

use bson::Bson;
use regex::RegexBuilder;
use serde_json::{Map, Value};
use usher_contract::limits;
use usher_contract::value::from_extended_json;

use super::types::Type;
use super::{ArrayNode, Node, NumberNode, ObjectNode, Pattern, TextNode};
use crate::Problem;

/// The words of a schema that demand something.
const KEYWORDS: &[&str] = &[
    "bsonType",
    "type",
    "enum",
    "const",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "items",
    "additionalItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];
/// Words that would demand something, and that are not understood.
const NOT_UNDERSTOOD: &[&str] = &["$ref", "dependencies", "validate", "if", "contains", "propertyNames"];

/// Compiles one schema.
#[derive(Default)]
pub(super) struct Compiler {
    pub(super) problems: Vec<Problem>,
    /// The keys and indexes that lead to where it is.
    path: Vec<String>,
}

impl Compiler {
    fn problem(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem { path: self.path.clone(), message: message.into(), help: help.into() });
    }

    fn within<T>(&mut self, step: impl Into<String>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.into());
        let result = work(self);
        self.path.pop();
        result
    }

    /// The value of a keyword, given to `read` with the path leading to it.
    fn field<T>(
        &mut self,
        fields: &Map<String, Value>,
        key: &str,
        read: impl FnOnce(&mut Self, &Value) -> Option<T>,
    ) -> Option<T> {
        let value = fields.get(key)?;
        self.within(key, |compiler| read(compiler, value))
    }

    pub(super) fn node(&mut self, json: &Value) -> Node {
        let fields = match json {
            Value::Bool(true) => return Node::default(),
            Value::Bool(false) => return Node { nothing: true, ..Node::default() },
            Value::Object(fields) => fields,
            _ => {
                self.problem("a schema must be an object {…}", "write {} for a schema that demands nothing");
                return Node::default();
            }
        };
        self.misspelt(fields);
        let mut types = self.field(fields, "bsonType", Self::types).unwrap_or_default();
        if types.is_empty() {
            types = self.field(fields, "type", Self::types).unwrap_or_default();
        }
        let fixed = self.field(fields, "const", Self::literal).map(|value| vec![value]);
        let listed = self.field(fields, "enum", Self::literals);
        Node {
            types,
            // A value that is fixed and listed has to be both.
            one_of_values: match (fixed, listed) {
                (Some(fixed), Some(listed)) => Some(fixed.into_iter().filter(|it| listed.contains(it)).collect()),
                (fixed, listed) => fixed.or(listed),
            },
            number: self.number(fields),
            text: self.text(fields),
            array: self.array(fields),
            object: self.object(fields),
            all_of: self.field(fields, "allOf", Self::schemas).unwrap_or_default(),
            any_of: self.field(fields, "anyOf", Self::schemas).unwrap_or_default(),
            one_of: self.field(fields, "oneOf", Self::schemas).unwrap_or_default(),
            not: self.field(fields, "not", |compiler, json| Some(Box::new(compiler.node(json)))),
            nothing: false,
        }
    }

    /// A slip in a keyword would accept what its author meant to refuse. Other unknown words mean nothing.
    fn misspelt(&mut self, fields: &Map<String, Value>) {
        for key in fields.keys() {
            let resembles =
                |known: &&&str| key.eq_ignore_ascii_case(known) || strsim::damerau_levenshtein(key, known) == 1;
            if KEYWORDS.contains(&key.as_str()) {
                continue;
            }
            let problem = if NOT_UNDERSTOOD.contains(&key.as_str()) {
                let help = "write the condition into a role of the collection's rules, or remove it";
                Some((format!("\"{key}\" is not supported in schemas"), help.to_owned()))
            } else {
                let near = KEYWORDS.iter().find(resembles);
                near.map(|near| {
                    (format!("unknown keyword {key:?}; did you mean \"{near}\"?"), format!("write \"{near}\""))
                })
            };
            if let Some((message, help)) = problem {
                self.within(key, |compiler| compiler.problem(message, help));
            }
        }
    }

    /// A type, or several.
    fn types(&mut self, json: &Value) -> Option<Vec<Type>> {
        let names = match json {
            Value::Array(names) if !names.is_empty() => names.iter().collect(),
            one => vec![one],
        };
        let mut types = Vec::new();
        for name in names {
            match name.as_str().map(|name| (name, Type::named(name))) {
                Some((_, Some(named))) => types.push(named),
                Some((name, None)) => {
                    self.problem(
                        format!("{name:?} is not a type"),
                        format!("the types are {}", Type::names().join(", ")),
                    );
                }
                None => self.problem("a type must be a string, or an array of strings", "write such as \"string\""),
            }
        }
        Some(types)
    }

    fn literal(&mut self, json: &Value) -> Option<Bson> {
        match from_extended_json(json.clone()) {
            Ok(value) => Some(value),
            Err(failure) => {
                self.problem(failure.message, "write the value in Extended JSON");
                None
            }
        }
    }

    fn literals(&mut self, json: &Value) -> Option<Vec<Bson>> {
        let values = self.elements(json)?;
        Some(values.iter().filter_map(|value| self.literal(value)).collect())
    }

    fn elements<'j>(&mut self, json: &'j Value) -> Option<&'j [Value]> {
        match json.as_array() {
            Some(elements) if !elements.is_empty() => Some(elements),
            _ => {
                self.problem("must be an array with at least one element", "write […], or remove it");
                None
            }
        }
    }

    fn schemas(&mut self, json: &Value) -> Option<Vec<Node>> {
        let schemas = self.elements(json)?.iter().enumerate();
        Some(schemas.map(|(index, json)| self.within(index.to_string(), |it| it.node(json))).collect())
    }

    fn number(&mut self, fields: &Map<String, Value>) -> NumberNode {
        let mut bound = |key: &str, exclusive: &str| {
            let bound = self.field(fields, key, Self::amount);
            // In one draft of JSON Schema a switch, in another a bound of its own.
            match fields.get(exclusive) {
                None => bound.map(|bound| (bound, false)),
                Some(Value::Bool(exclusive)) => bound.map(|bound| (bound, *exclusive)),
                Some(_) => self.field(fields, exclusive, Self::amount).map(|bound| (bound, true)),
            }
        };
        let (minimum, maximum) = (bound("minimum", "exclusiveMinimum"), bound("maximum", "exclusiveMaximum"));
        let multiple_of = self.field(fields, "multipleOf", |compiler, json| {
            let divisor = compiler.amount(json)?;
            if divisor <= 0.0 {
                compiler.problem("must be greater than 0", "write a positive number");
            }
            Some(divisor)
        });
        NumberNode { minimum, maximum, multiple_of }
    }

    fn text(&mut self, fields: &Map<String, Value>) -> TextNode {
        TextNode {
            least: self.field(fields, "minLength", Self::count),
            most: self.field(fields, "maxLength", Self::count),
            pattern: self.field(fields, "pattern", |compiler, json| match json.as_str() {
                Some(pattern) => compiler.pattern(pattern),
                None => {
                    compiler.problem("must be a string", "write a regular expression");
                    None
                }
            }),
        }
    }

    fn array(&mut self, fields: &Map<String, Value>) -> ArrayNode {
        let (places, items) = match fields.get("items") {
            // Of the places in turn; what follows them is for `additionalItems`.
            Some(Value::Array(_)) => (
                self.field(fields, "items", Self::schemas).unwrap_or_default(),
                self.field(fields, "additionalItems", |compiler, json| Some(Box::new(compiler.node(json)))),
            ),
            _ => (Vec::new(), self.field(fields, "items", |compiler, json| Some(Box::new(compiler.node(json))))),
        };
        ArrayNode {
            least: self.field(fields, "minItems", Self::count),
            most: self.field(fields, "maxItems", Self::count),
            unique: self.field(fields, "uniqueItems", Self::switch).unwrap_or(false),
            places,
            items,
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) -> ObjectNode {
        let required = self.field(fields, "required", |compiler, json| {
            let name = |name: &Value| name.as_str().map(str::to_owned);
            let names = json.as_array().and_then(|names| names.iter().map(name).collect::<Option<Vec<_>>>());
            if names.is_none() {
                compiler.problem("must be an array of names", "write the names of the fields");
            }
            names
        });
        let properties = self.field(fields, "properties", Self::named).unwrap_or_default();
        let patterns = self.field(fields, "patternProperties", Self::named).unwrap_or_default();
        let patterns =
            patterns.into_iter().filter_map(|(pattern, node)| Some((self.pattern(&pattern)?, node))).collect();
        let others = self.field(fields, "additionalProperties", |compiler, json| Some(compiler.node(json)));
        ObjectNode {
            least: self.field(fields, "minProperties", Self::count),
            most: self.field(fields, "maxProperties", Self::count),
            required: required.unwrap_or_default(),
            properties,
            patterns,
            others: others.filter(|node| *node != Node::default()).map(Box::new),
        }
    }

    /// Schemas by name.
    fn named(&mut self, json: &Value) -> Option<Vec<(String, Node)>> {
        let Some(fields) = json.as_object() else {
            self.problem("must be an object {…} of schemas", "write a schema for each name");
            return None;
        };
        let named = fields.iter().map(|(name, json)| (name.clone(), self.within(name, |it| it.node(json))));
        Some(named.collect())
    }

    fn pattern(&mut self, pattern: &str) -> Option<Pattern> {
        match RegexBuilder::new(pattern).size_limit(limits::SCHEMA_PATTERN_BYTES).build() {
            Ok(regex) => Some(Pattern(regex)),
            Err(_) => {
                let help =
                    "repair it; look-around and back-references are not supported, since their time has no bound";
                self.problem("is not a regular expression that can be used here", help);
                None
            }
        }
    }

    /// A number, plain or in Extended JSON.
    fn amount(&mut self, json: &Value) -> Option<f64> {
        let amount = match from_extended_json(json.clone()) {
            Ok(Bson::Int32(number)) => Some(f64::from(number)),
            #[allow(clippy::cast_precision_loss, reason = "as JSON has it")]
            Ok(Bson::Int64(number)) => Some(number as f64),
            Ok(Bson::Double(number)) => Some(number),
            _ => None,
        };
        if amount.is_none() {
            self.problem("must be a number", "write such as 10");
        }
        amount
    }

    fn count(&mut self, json: &Value) -> Option<usize> {
        let amount = self.amount(json)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative")]
        if amount >= 0.0 && amount.fract() == 0.0 {
            return Some(amount as usize);
        }
        self.problem("must be a whole number, 0 or more", "write such as 10");
        None
    }

    fn switch(&mut self, json: &Value) -> Option<bool> {
        if json.as_bool().is_none() {
            self.problem("must be true or false", "write true or false");
        }
        json.as_bool()
    }
}
