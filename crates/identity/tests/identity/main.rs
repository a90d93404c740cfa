//! Identity with the real database.
#![allow(clippy::unwrap_used, reason = "a test")]

mod concurrency;
mod custom_data;
mod login;
mod operator;
mod support;
mod tokens;
