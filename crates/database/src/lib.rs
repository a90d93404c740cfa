//! The MongoDB connection: any replica set by URI, or the embedded database as a supervised child process.
//!
//! - [`Database`] is the driver's client with the name of the system database.
//! - [`Database::transaction`] runs a body in a transaction, and again after a transient error.
//! - [`Database::changes`] follows what happens to documents, across errors and restarts.
//! - [`embedded`] starts and supervises a database program of its own.
//! - [`index`] makes collections and indexes.

mod changes;
mod connect;
pub mod embedded;
mod error;
pub mod index;
mod retry;
mod transaction;

pub use changes::{Change, Changes, ChangesError, Following, LARGE_PARTS, Place, Since, Step, Watched};
pub use connect::{ConnectOptions, Database};
pub use embedded::{Embedded, EmbeddedError};
pub use error::{DatabaseError, is_duplicate_key};
pub use retry::Transient;
pub use transaction::Transaction;
