//! From "call function F for caller C" to an outcome: deployment lookup, grants, budget, admission.

mod call;
mod deployment;
mod dispatcher;
mod grants;
mod host;

pub use call::{Accounts, Call, CallError, Caller, Origin};
pub use deployment::{DeployError, Deployment};
pub use dispatcher::Dispatcher;
