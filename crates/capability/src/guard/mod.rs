//! The guard: from what a guest asks to a MongoDB command that cannot leave the scope.
//!
//! Everything is walked as raw BSON against allow-lists ([`names`]); a `$`-name that is not listed is refused wherever
//! it stands. What remains is copied into a command with the row filter conjoined, caps, `maxTimeMS` and `comment`.
//! No input or output happens here, so the guard can be fuzzed and measured by itself.

mod command;
mod data;
mod expression;
mod filter;
mod joins;
mod names;
mod options;
mod outputs;
mod pipeline;
mod projection;
mod refusal;
mod rows;
mod stored;
mod update;
mod update_pipeline;
mod writer;

use std::time::Duration;

use bson::raw::RawDocumentBuf;
use usher_contract::{Failure, Operation};

use crate::scope::Scope;

pub(crate) use update::Kind;

/// What kind of change an update is.
///
/// # Errors
/// [`usher_contract::ErrorCode::InvalidDocument`]: not BSON.
pub(crate) fn kind_of_update(update: &[u8]) -> Result<Kind, Failure> {
    update::kind(update).map_err(Failure::from)
}

/// What the guard adds to every command.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The invocation's id, which becomes `comment`.
    pub invocation: &'a str,
    /// What remains of the invocation's time, which becomes `maxTimeMS`.
    pub remaining: Duration,
}

/// An operation that passed.
#[derive(Debug)]
pub struct Checked {
    /// The command, ready for the database of the scope.
    pub command: RawDocumentBuf,
    /// What the server will answer to it.
    pub answer: Answer,
}

/// How to read the server's answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A batch of at most one document.
    One,
    /// Batches of documents.
    Many {
        /// Documents of each further batch.
        batch: u32,
    },
    /// No documents: the pipeline wrote them into a collection.
    Written,
    /// A batch of at most one document, whose field `n` is a number of documents.
    Count,
    /// An array of values.
    Values,
    /// How many were inserted; the summary for the guest is known beforehand.
    Inserted(Vec<u8>),
    /// How many were matched and modified, and the id of the upserted one.
    Updated,
    /// How many were deleted.
    Deleted,
    /// A document or none, in `value`.
    Modified,
}

impl Answer {
    /// Whether the command reads only, so that it can be sent again.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::One | Self::Many { .. } | Self::Count | Self::Values)
    }
}

/// Checks an operation under a scope.
///
/// # Errors
/// - [`usher_contract::ErrorCode::OperationNotAllowed`]: the scope does not allow this kind of operation, or a stage,
///   operator, variable or option in it is not on the allow-lists; the message names it.
/// - [`usher_contract::ErrorCode::OutsideScope`]: the write would change the field of the row filter, or put a document
///   outside it.
/// - [`usher_contract::ErrorCode::InvalidDocument`]: not BSON, too large, or malformed in a way that MongoDB would refuse.
pub fn check(scope: &Scope, operation: &Operation, call: Call<'_>) -> Result<Checked, Failure> {
    command::build(scope, operation, call).map_err(Failure::from)
}
