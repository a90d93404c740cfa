//! From "call function F for caller C" to an outcome: deployment lookup, grants, budget, admission.

mod call;
mod deployment;

pub use call::{Accounts, Call, CallError, Caller, Origin};
pub use deployment::{Deployment, Dispatcher};
