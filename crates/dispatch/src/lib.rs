//! From "call function F for caller C" to an outcome: deployment lookup, grants, budget, admission.

mod answers;
mod around;
mod call;
mod deployment;
mod dispatcher;
mod endpoint;
mod facts;
mod grants;
mod host;
mod run_as;
mod scripts;
mod service;
mod story;
mod transaction;

pub use call::{Accounts, Call, CallError, Caller, Origin};
pub use deployment::{Cause, Code, DeployError, Deployment, Scripts};
pub use dispatcher::Dispatcher;
pub use endpoint::EndpointRequest;
pub use scripts::Broken;
pub use service::ServiceCall;
