//! What a grant can reach.

use bson::Bson;
use usher_contract::{Operations, is_reserved_database};

/// What a grant can reach: {database, collection, row filter, allowed operations}.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
    /// Which documents; all of them without a filter.
    pub rows: Option<RowFilter>,
    /// What may be done.
    pub operations: Operations,
    /// Whole collections that stages of a pipeline may reach beside this one. Empty as a rule, and then a pipeline reads
    /// its own collection only; so it does under a row filter, whatever stands here.
    pub others: Vec<Other>,
}

/// A whole collection, or all of a database, that `$lookup`, `$graphLookup`, `$unionWith`, `$merge` and `$out` of a
/// pipeline may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The database.
    pub database: String,
    /// The collection; `None` for every collection of the database.
    pub collection: Option<String>,
    /// What may be done.
    pub operations: Operations,
}

impl Scope {
    /// Whether a pipeline may reach other collections at all.
    pub(crate) fn joins(&self) -> bool {
        self.rows.is_none() && !self.others.is_empty()
    }

    /// What a pipeline may do to a whole collection.
    pub(crate) fn reach(&self, database: &str, collection: &str) -> Operations {
        let mut reach = Operations { read: false, insert: false, update: false, delete: false };
        if !self.joins() || !is_ordinary(database, collection) {
            return reach;
        }
        let own = (self.database == database && self.collection == collection).then_some(self.operations);
        let granted = self
            .others
            .iter()
            .filter(|it| it.database == database && it.collection.as_deref().is_none_or(|name| name == collection))
            .map(|it| it.operations);
        for more in own.into_iter().chain(granted) {
            reach.read |= more.read;
            reach.insert |= more.insert;
            reach.update |= more.update;
            reach.delete |= more.delete;
        }
        reach
    }
}

/// Whether it is a collection of an app's own, in a database of an app's own: what a grant may name.
pub fn is_ordinary(database: &str, collection: &str) -> bool {
    !database.is_empty()
        && !is_reserved_database(database)
        && !collection.is_empty()
        && !collection.starts_with("system.")
        && !collection.contains(".system.")
        && !collection.contains('$')
}

/// Documents whose top-level `field` holds one of `values`. Several values stand for one user id in its forms
/// (string and ObjectId, reference 1.2); the first is what a new document gets.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFilter {
    /// A top-level field name, without dots.
    pub field: String,
    /// Never empty.
    pub values: Vec<Bson>,
}
