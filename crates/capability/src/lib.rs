//! The MongoDB capability: scopes, the guard that checks every operation, and the host side of `collection`.

mod scope;

pub use scope::{RowFilter, Scope};

use std::time::Instant;

use usher_database::{Database, Transaction};

/// What every operation of one invocation shares.
#[derive(Clone)]
pub struct Context {
    /// The connection.
    pub database: Database,
    /// The invocation's id, sent to MongoDB as `comment`.
    pub invocation: String,
    /// When the invocation's time is up; what remains becomes `maxTimeMS`.
    pub deadline: Instant,
    /// The transaction that every operation joins, where there is one.
    pub transaction: Option<Transaction>,
}

/// A collection handle: a scope and the invocation that uses it.
pub struct ScopedCollection {
    context: Context,
    scope: Scope,
}

impl ScopedCollection {
    /// A handle for one invocation.
    pub fn new(context: Context, scope: Scope) -> Self {
        Self { context, scope }
    }
}
