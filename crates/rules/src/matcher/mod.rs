//! MongoDB queries, decided on the host: for filters of events, and for what rules compare.
//!
//! A query means here what it means to MongoDB: numbers are compared across types, a field that holds an array
//! matches where one of its elements does, `null` matches a missing field, and `$gt` compares within one group of
//! types. Regular expressions are those of the `regex` crate: without look-around and back-references.

mod parse;
mod predicate;

use bson::Document;
use usher_contract::limits;

pub(crate) use predicate::{Element, Operator, Predicate};

/// A compiled query.
#[derive(Debug, Clone)]
pub struct Query(Node);

impl Query {
    /// Compiles a query. Its operators are `$and $or $nor $eq $ne $gt $gte $lt $lte $in $nin $not $exists $type $size
    /// $all $elemMatch $regex $options $mod $comment`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence that names the operator.
    pub fn compile(query: &Document) -> Result<Self, String> {
        if parse::patterns(query) > limits::QUERY_PATTERNS {
            let most = limits::QUERY_PATTERNS;
            return Err(format!("a query that is matched outside the database has at most {most} regular expressions"));
        }
        parse::query(query).map(Self)
    }

    /// Whether a document matches.
    pub fn matches(&self, document: &Document) -> bool {
        self.0.matches(document)
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    None(Vec<Node>),
    Field { path: String, predicate: Predicate },
}

impl Node {
    pub(crate) fn matches(&self, document: &Document) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(document)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(document)),
            Self::None(nodes) => !nodes.iter().any(|node| node.matches(document)),
            Self::Field { path, predicate } => predicate.matches(document, path),
        }
    }
}
