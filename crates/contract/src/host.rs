//! The contract as Rust traits.
//!
//! The sandbox speaks WIT to the guest and these traits to everything else; the capability and dispatch implement
//! them. Documents are BSON bytes throughout: they come from the guest unchecked, so whoever reads one first
//! validates it (see [`crate::value::document`]).

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Failure;

/// One BSON document in its binary form.
pub type Bytes = Vec<u8>;

/// Why an invocation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody called the function by name.
    Call,
    /// A user is about to be created.
    UserCreation,
    /// A request to an HTTPS endpoint or webhook is to be answered.
    Endpoint,
    /// A trigger fired.
    Trigger,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the author, while looking for a mistake.
    Debug,
    /// Ordinary.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// What one invocation sees of the world: the host side of the interfaces `invocation` and `account`.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// The invocation's id, 24 hexadecimal digits.
    fn id(&self) -> &str;
    /// Why the invocation runs.
    fn reason(&self) -> Reason;
    /// The authenticated caller as a BSON document (reference 5.4, `context.user`).
    async fn caller(&self) -> Result<Bytes, Failure>;
    /// Whether grants are the system's.
    fn running_as_system(&self) -> bool;
    /// The app (reference 5.4, `context.app`) as a BSON document.
    fn app(&self) -> Bytes;
    /// A value of the app, `{value}`, where there is one of that name.
    fn value(&self, name: &str) -> Option<Bytes>;
    /// The environment, `{tag, values}`.
    fn environment(&self) -> Bytes;
    /// The client's request (reference 5.4, `context.request`); an empty document where no client is calling.
    fn request(&self) -> Bytes;
    /// The custom-data collection under the caller's scope.
    fn custom_data(&self) -> Result<Box<dyn Collection>, Failure>;
    /// A collection that the configuration grants under this name.
    fn grant(&self, name: &str) -> Result<Box<dyn Collection>, Failure>;
    /// A collection by its names in the app's configuration.
    fn open_collection(&self, name: &CollectionName) -> Result<Box<dyn Collection>, Failure>;
    /// Begins a transaction of the function's own.
    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure>;
    /// Sends an HTTP request on behalf of the function `acting`; both documents are described in the WIT package.
    async fn send(&self, acting: &str, request: Bytes) -> Result<Bytes, Failure>;
    /// Calls another function of the app; `arguments` is a BSON array.
    async fn call_function(&self, name: &str, arguments: Bytes) -> Result<Bytes, Failure>;
    /// Deletes the calling user.
    async fn delete_account(&self) -> Result<(), Failure>;
    /// Writes a line to the app's log.
    fn log(&self, level: Level, message: &str);
    /// Told once the run has ended, however it did: the bytes of memory that it had, and how long it had them.
    fn used(&self, _memory: usize, _time: Duration) {}
}

/// A collection as JavaScript functions of App Services name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionName {
    /// The function that asks.
    pub acting: String,
    /// The data source, such as `mongodb-atlas`.
    pub data_source: String,
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
}

/// A transaction that a function began: the host side of `transactions.transaction`. Dropped, it is aborted.
#[async_trait]
pub trait Transaction: Send + Sync {
    /// A collection whose operations are part of the transaction.
    fn open_collection(&self, name: &CollectionName) -> Result<Box<dyn Collection>, Failure>;
    /// Makes everything that was done in it happen.
    async fn commit(&self) -> Result<(), Failure>;
    /// Takes everything that was done in it back.
    async fn abort(&self) -> Result<(), Failure>;
}

/// A collection within a scope: the host side of `documents.collection`.
#[async_trait]
pub trait Collection: Send + Sync {
    /// Whether operations have to happen in the order in which they were asked for, as in a transaction.
    fn in_order(&self) -> bool {
        false
    }
    /// Checks and runs one operation.
    async fn execute(&self, operation: Operation) -> Result<Reply, Failure>;
}

/// The rest of a result: the host side of `documents.cursor`.
#[async_trait]
pub trait Cursor: Send + Sync {
    /// The next documents back to back; empty when there are no more.
    async fn next_batch(&mut self) -> Result<Bytes, Failure>;
}

/// One operation as the guest asked for it, nothing checked yet. Fields are named as in the WIT package.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the WIT package documents each operation and its parts")]
pub enum Operation {
    FindOne { filter: Bytes, options: Bytes },
    Find { filter: Bytes, options: Bytes },
    Aggregate { pipeline: Bytes, options: Bytes },
    Count { filter: Bytes, options: Bytes },
    Distinct { field: String, filter: Bytes, options: Bytes },
    InsertOne { document: Bytes },
    InsertMany { documents: Bytes, options: Bytes },
    UpdateOne { filter: Bytes, update: Bytes, options: Bytes },
    UpdateMany { filter: Bytes, update: Bytes, options: Bytes },
    ReplaceOne { filter: Bytes, replacement: Bytes, options: Bytes },
    DeleteOne { filter: Bytes, options: Bytes },
    DeleteMany { filter: Bytes, options: Bytes },
    FindOneAndUpdate { filter: Bytes, update: Bytes, options: Bytes },
    FindOneAndReplace { filter: Bytes, replacement: Bytes, options: Bytes },
    FindOneAndDelete { filter: Bytes, options: Bytes },
}

/// What an operation answers; which of them is fixed by the operation.
pub enum Reply {
    /// A document, or none (find-one and the find-one-and family), or the summary of a write.
    Document(Option<Bytes>),
    /// A number of documents (count).
    Count(u64),
    /// A cursor (find, aggregate).
    Cursor(Box<dyn Cursor>),
}
