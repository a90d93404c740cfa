//! The parts of an operation that the guard has passed.

use bson::Document;
use usher_contract::host::Bytes;
use usher_contract::{ErrorCode, Failure, Operation, value};

use super::named::refused;
use crate::collection::whole;

/// Options by name; those that are null count as absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Options(Document);

impl Options {
    /// Reads options, and refuses those that could tell what rules hide: an index chosen by hand may hold fewer
    /// documents than the collection, and a collation changes which values of a rule are equal.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let options = Self(Document::try_from(value::document(bytes)?).map_err(unreadable)?);
        if options.get("hint").is_some() {
            return Err(refused("hint", "leave it out"));
        }
        match options.document("collation") {
            Some(collation) if collation.get_str("locale").ok() != Some("simple") => {
                Err(refused("collation", "leave it out, and compare in a function"))
            }
            _ => Ok(options),
        }
    }

    fn get(&self, key: &str) -> Option<&bson::Bson> {
        self.0.get(key).filter(|value| !matches!(value, bson::Bson::Null | bson::Bson::Undefined))
    }

    pub(super) fn document(&self, key: &str) -> Option<&Document> {
        self.get(key)?.as_document()
    }

    /// A number of documents; absent where it is zero.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.get(key)
            .cloned()
            .and_then(whole)
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number > 0)
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(bson::Bson::as_bool).unwrap_or_default()
    }

    /// Some of the options.
    pub(super) fn only(&self, keys: &[&str]) -> Document {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), self.get(key)?.clone()))).collect()
    }
}

/// The filter and the options of every operation that has both.
pub(super) fn parts(operation: &Operation) -> Option<(&Bytes, &Bytes)> {
    match operation {
        Operation::FindOne { filter, options }
        | Operation::Find { filter, options }
        | Operation::Count { filter, options }
        | Operation::Distinct { filter, options, .. }
        | Operation::UpdateOne { filter, options, .. }
        | Operation::UpdateMany { filter, options, .. }
        | Operation::ReplaceOne { filter, options, .. }
        | Operation::DeleteOne { filter, options }
        | Operation::DeleteMany { filter, options }
        | Operation::FindOneAndUpdate { filter, options, .. }
        | Operation::FindOneAndReplace { filter, options, .. }
        | Operation::FindOneAndDelete { filter, options } => Some((filter, options)),
        Operation::Aggregate { .. } | Operation::InsertOne { .. } | Operation::InsertMany { .. } => None,
    }
}

/// The same operation with another filter.
pub(super) fn with_filter(mut operation: Operation, another: Bytes) -> Operation {
    match &mut operation {
        Operation::FindOne { filter, .. }
        | Operation::Find { filter, .. }
        | Operation::Count { filter, .. }
        | Operation::Distinct { filter, .. }
        | Operation::UpdateOne { filter, .. }
        | Operation::UpdateMany { filter, .. }
        | Operation::ReplaceOne { filter, .. }
        | Operation::DeleteOne { filter, .. }
        | Operation::DeleteMany { filter, .. }
        | Operation::FindOneAndUpdate { filter, .. }
        | Operation::FindOneAndReplace { filter, .. }
        | Operation::FindOneAndDelete { filter, .. } => *filter = another,
        Operation::Aggregate { .. } | Operation::InsertOne { .. } | Operation::InsertMany { .. } => {}
    }
    operation
}

/// A document from its binary form.
pub(super) fn parsed(bytes: &[u8]) -> Result<Document, Failure> {
    Document::try_from(value::document(bytes)?).map_err(unreadable)
}

pub(super) fn unreadable(error: bson::error::Error) -> Failure {
    Failure::new(ErrorCode::InvalidDocument, format!("not a BSON document: {error}"))
}
