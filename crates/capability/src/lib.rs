//! The MongoDB capability: scopes, the guard that checks every operation, and the host side of `collection`.
//!
//! - [`Scope`] says what a handle reaches.
//! - [`guard`] turns an operation that a guest asked for into a command that cannot leave the scope.
//! - [`ScopedCollection`] sends the command and shapes the answer.
//! - [`RuledCollection`] is one whose every operation obeys rules.

mod collection;
mod cursor;
mod error;
pub mod guard;
mod ruled;
mod scope;

pub use collection::{Context, ScopedCollection};
pub use ruled::{RuledCollection, Ruling};
pub use scope::{Other, RowFilter, Scope, is_ordinary};
