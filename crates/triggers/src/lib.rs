//! Triggers: events of users, of data and of the clock, delivered to functions at least once (reference 2.2).
//!
//! Three parts stand around one queue in the system database:
//!
//! - A source (`source/`) turns what happens into deliveries. They are written down in the one write that moves the place
//!   to go on from, so each event is written down exactly once.
//! - The collection `deliveries` holds what has not been delivered, in the order in which it happened.
//! - The runner (`runner.rs`) calls the function, one delivery after the other for each ordering key. A delivery goes when
//!   its function has succeeded; one that keeps failing is set aside, for an operator to replay.
//!
//! Source and runner of one trigger run on one host, which holds the trigger's lease (`lease.rs`).
//!
//! [`Triggers`] is what a host runs; [`Operator`] is what a person does with it.

mod attempt;
mod document;
mod error;
mod keeper;
mod lease;
mod lines;
mod operator;
mod plan;
mod queue;
mod runner;
mod source;
mod triggers;
mod worker;

pub use error::TriggerError;
pub use operator::{DeadDelivery, Operator, TriggerState, Which};
pub use triggers::{TriggerOptions, Triggers};
