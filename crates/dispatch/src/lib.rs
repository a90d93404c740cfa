//! From "call function F for caller C" to an outcome: deployment lookup, grants, budget, admission.

mod call;
mod deployment;
mod dispatcher;
mod facts;
mod grants;
mod host;
mod scripts;
mod transaction;

pub use call::{Accounts, Call, CallError, Caller, Origin};
pub use deployment::{Cause, Code, DeployError, Deployment, Scripts};
pub use dispatcher::Dispatcher;
pub use scripts::Broken;
