//! End to end: the real binary, the real database, real clients.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod authority;
mod command_line;
mod crash;
mod creation;
mod deploy;
mod hostile;
mod javascript_app;
mod javascript_deploy;
mod javascript_grants;
mod javascript_hostile;
mod javascript_tools;
mod support;
mod triggers;
mod watchers;
mod wire;
