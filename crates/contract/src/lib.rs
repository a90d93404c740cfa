//! The words that every room of Usher shares.
//!
//! - `wit/` holds the package `usher:function`: what a function module imports and exports.
//! - [`value`] turns BSON into canonical Extended JSON and back, and checks bytes that a guest made.
//! - [`host`] is the same contract as Rust traits, so that the sandbox and the capability need not know each other.
//! - [`error`] lists the error codes, [`limits`] every limit with its reason.

pub mod error;
pub mod host;
pub mod limits;
pub mod scope;
pub mod value;

pub use error::{ErrorCode, Failure};
pub use host::{Collection, CollectionName, Cursor, Host, Operation, Reason, Reply, Transaction};
pub use limits::Budget;
pub use scope::{Operations, SYSTEM_DATABASE, is_reserved_database};
