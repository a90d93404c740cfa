//! Identity with the real database.
#![allow(clippy::unwrap_used, reason = "a test")]

mod admin;
mod anonymous;
mod api_keys;
mod concurrency;
mod custom_data;
mod external;
mod linking;
mod login;
mod mail;
mod operator;
mod revocation;
mod smtp;
mod support;
mod tokens;
