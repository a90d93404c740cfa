//! What a grant can reach.

use bson::Bson;
use usher_contract::Operations;

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
