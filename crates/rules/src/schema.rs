//! Schemas of documents (`schema.json`), checked on writes by users (reference 6.1, real-apps 7).
//!
//! The dialect is that of MongoDB's `$jsonSchema`, with `bsonType` or the words of JSON Schema in `type`. Numbers are
//! taken as clients mean them: a JavaScript client cannot choose the type of a whole number, so `int` and `long` accept
//! any number that is whole and in range, and `double` accepts any number but a decimal.

mod check;
mod compile;
mod types;

use bson::{Bson, Document};
use regex::Regex;
use serde_json::Value;

use crate::Problem;
use types::Type;

/// A compiled schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    root: Node,
    /// More is demanded of the document as a whole than that of its fields.
    whole: bool,
}

impl Schema {
    /// Compiles a `schema.json`; `None` where it demands nothing (`{}`, or only a title).
    ///
    /// # Errors
    /// Every problem in it.
    pub fn compile(json: &Value) -> Result<Option<Self>, Vec<Problem>> {
        let mut compiler = compile::Compiler::default();
        let root = compiler.node(json);
        if !compiler.problems.is_empty() {
            return Err(compiler.problems);
        }
        let fields = Node { types: Vec::new(), object: ObjectNode::default(), ..root.clone() };
        let whole = fields != Node::default() || !Type::allow_documents(&root.types);
        Ok((root != Node::default()).then_some(Self { root, whole }))
    }

    /// Checks a document.
    ///
    /// # Errors
    /// The violations, each a sentence with the path of its field; at most
    /// [`SCHEMA_VIOLATIONS`](usher_contract::limits::SCHEMA_VIOLATIONS) of them.
    pub fn check(&self, document: &Document) -> Result<(), Vec<String>> {
        let mut violations = check::Violations::default();
        if self.whole {
            check::value(&self.root, &Bson::Document(document.clone()), &mut violations);
        } else {
            check::object(&self.root.object, document, &mut violations);
        }
        if violations.told.is_empty() { Ok(()) } else { Err(violations.told) }
    }
}

/// What is demanded of one value. What does not fit the value's type demands nothing: a length nothing of a number.
#[derive(Debug, Clone, Default, PartialEq)]
struct Node {
    /// It has one of these types; empty for any.
    types: Vec<Type>,
    /// It is one of these.
    one_of_values: Option<Vec<Bson>>,
    number: NumberNode,
    text: TextNode,
    array: ArrayNode,
    object: ObjectNode,
    all_of: Vec<Node>,
    any_of: Vec<Node>,
    one_of: Vec<Node>,
    not: Option<Box<Node>>,
    /// Nothing is accepted: the schema `false`.
    nothing: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct NumberNode {
    /// The least value, and whether it is itself too small.
    minimum: Option<(f64, bool)>,
    /// The greatest value, and whether it is itself too large.
    maximum: Option<(f64, bool)>,
    multiple_of: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct TextNode {
    /// In characters.
    least: Option<usize>,
    most: Option<usize>,
    pattern: Option<Pattern>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct ArrayNode {
    least: Option<usize>,
    most: Option<usize>,
    unique: bool,
    /// Of the elements at these places.
    places: Vec<Node>,
    /// Of all other elements.
    items: Option<Box<Node>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct ObjectNode {
    least: Option<usize>,
    most: Option<usize>,
    required: Vec<String>,
    properties: Vec<(String, Node)>,
    patterns: Vec<(Pattern, Node)>,
    /// Of all other fields.
    others: Option<Box<Node>>,
}

/// A regular expression, the same as another where it is written the same.
#[derive(Debug, Clone)]
struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

#[cfg(test)]
mod tests;
