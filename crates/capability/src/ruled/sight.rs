//! What one operation sees.

use std::sync::Arc;

use bson::raw::{RawArrayBuf, RawDocumentBuf, cstr};
use bson::{Document, doc};
use usher_contract::host::Bytes;
use usher_contract::{Failure, value};
use usher_rules::{Visible, Write};

use super::judge::Judge;
use super::named::Named;

/// The documents that take part in one operation.
#[derive(Clone)]
pub(super) struct Sight {
    pub(super) judge: Arc<Judge>,
    named: Arc<[String]>,
    /// The rules' part of the query; empty for all documents.
    condition: Document,
    /// Whether every match takes part; otherwise each has to be asked about.
    pub(super) exact: bool,
    /// Whether no field is hidden.
    pub(super) whole: bool,
    by_distance: bool,
}

impl Sight {
    /// What an operation that names these fields sees; `None` where it is nothing.
    pub(super) fn of(judge: &Arc<Judge>, named: Named) -> Option<Self> {
        if judge.projects_out(&named.paths) {
            return None;
        }
        let paths: Vec<&str> = named.paths.iter().map(String::as_str).collect();
        let Visible::Matching { query, exact } = judge.bound.visible(&paths) else {
            return None;
        };
        Some(Self {
            judge: judge.clone(),
            condition: joined(judge.bound.filter(), query),
            exact,
            whole: judge.shows_whole(),
            by_distance: named.by_distance,
            named: named.paths.into(),
        })
    }

    /// Of what it sees, that which may be written without a look at any document; `None` where the database cannot tell.
    pub(super) fn permitted(&self, write: Write<'_>) -> Option<Self> {
        let paths: Vec<&str> = self.named.iter().map(String::as_str).collect();
        let Visible::Matching { query, exact: true } = self.judge.bound.permitted(write, &paths) else {
            return None;
        };
        Some(Self { condition: joined(self.judge.bound.filter(), query), ..self.clone() })
    }

    /// Of what it sees, that which another does not.
    pub(super) fn beyond(&self, other: &Self) -> Self {
        let others = doc! {"$nor": [other.condition.clone()]};
        Self { condition: joined(self.condition.clone(), others), ..self.clone() }
    }

    /// Whether the database can answer by itself.
    pub(super) fn is_direct(&self) -> bool {
        self.exact && self.whole
    }

    /// The rules' part of the query.
    pub(super) fn condition(&self) -> &Document {
        &self.condition
    }

    /// A query joined with that of the rules.
    pub(super) fn query(&self, query: &[u8]) -> Result<Bytes, Failure> {
        both(&self.condition, query)
    }

    /// The order in which to ask for documents. Where fields are hidden, ties are broken by the `_id`, and without an
    /// order it is the order: that of an index could tell what is in it.
    pub(super) fn order(&self, asked: Option<&Document>) -> Document {
        let mut order = asked.cloned().unwrap_or_default();
        let bound_to = order.contains_key("_id") || order.contains_key("$natural");
        let ordered = bound_to || (order.is_empty() && self.by_distance);
        if !self.whole && !ordered {
            order.insert("_id", 1);
        }
        order
    }

    /// The document as the caller sees it in this operation; `None` where it takes no part.
    pub(super) async fn show(&self, document: &Document) -> Result<Option<Document>, Failure> {
        self.judge.read(document, &self.named).await
    }
}

fn joined(one: Document, other: Document) -> Document {
    match (one.is_empty(), other.is_empty()) {
        (true, _) => other,
        (_, true) => one,
        _ => doc! {"$and": [one, other]},
    }
}

/// A query of ours and one of the caller's, which stays as it came.
pub(super) fn both(ours: &Document, theirs: &[u8]) -> Result<Bytes, Failure> {
    let query = value::document(theirs)?;
    if ours.is_empty() {
        return Ok(theirs.to_vec());
    }
    if query.is_empty() {
        return value::bytes(ours);
    }
    let ours = value::bytes(ours)?;
    let mut parts = RawArrayBuf::new();
    parts.push(value::document(&ours)?);
    parts.push(query);
    let mut joined = RawDocumentBuf::new();
    joined.append(cstr!("$and"), parts);
    Ok(joined.into_bytes())
}
