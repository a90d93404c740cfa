//! What the fuzz targets share.
//!
//! The guard is fuzzed with operations in a [`notation`] that has no syntax errors, so that every mutation of an input
//! is an operation again; what the guard accepts is judged by an [`oracle`] that shares no code with it.

pub mod notation;
pub mod operation;
pub mod oracle;
pub mod scopes;
