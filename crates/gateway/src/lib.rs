//! HTTP: the client API v2.0 of App Services (reference 3), health and readiness.
//!
//! A request passes [`serve`] (one task per connection), `answer` (id, cross-origin check, body, log line), `routes`
//! (which handler) and one handler, which asks identity or dispatch. Every refusal is an `ApiError`, and `errors`
//! alone decides which status and body it becomes.
//!
//! Once its body has been read, a request is finished (`finish`): a client that hangs up does not cut a function
//! or a registration in the middle, and shutdown waits for it.

mod admin;
mod answer;
mod api_keys;
mod body;
mod call;
mod cors;
mod endpoint;
mod errors;
mod exchange;
mod external;
mod finish;
mod health;
mod location;
mod log;
mod login;
mod oauth;
mod push;
mod reply;
mod request;
mod routes;
mod serve;
mod services;
mod session;
mod stall;
mod userpass;
mod watch;

pub use serve::serve;
pub use services::{GatewayOptions, Readiness, Services};
