//! Triggers with the real database and real functions.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod database;
mod failures;
mod hosts;
mod schedule;
mod support;
mod users;
