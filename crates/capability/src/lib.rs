//! The MongoDB capability: scopes, the guard that checks every operation, and the host side of `collection`.
//!
//! - [`Scope`] says what a handle reaches.
//! - [`guard`] turns an operation that a guest asked for into a command that cannot leave the scope.
//! - [`ScopedCollection`] sends the command and shapes the answer.

mod collection;
mod cursor;
mod error;
pub mod guard;
mod scope;

pub use collection::{Context, ScopedCollection};
pub use scope::{Other, RowFilter, Scope, is_ordinary};
