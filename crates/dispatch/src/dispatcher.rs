//! The apps that run on this host, and one call through them.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::time::Instant;
use usher_contract::{ErrorCode, Failure, limits};
use usher_database::Database;
use usher_outbound::Outbound;
use usher_sandbox::{Admission, Inputs, Invocation, RunError, Sandbox};

use crate::call::{Accounts, Call, CallError, Caller, Origin};
use crate::deployment::Deployment;
use crate::host::InvocationHost;
use crate::transaction::Named;

/// Runs calls. One for each process; apps are swapped in and out while it runs.
pub struct Dispatcher {
    sandbox: Arc<Sandbox>,
    pub(crate) database: Database,
    deployments: RwLock<HashMap<String, Arc<Deployment>>>,
    /// The way out, made when a function first asks for it: most apps never do.
    outbound: OnceLock<Outbound>,
    /// Set once identity, which stands above and needs a dispatcher itself, exists.
    accounts: OnceLock<Arc<dyn Accounts>>,
}

/// What a nested call takes over from the call that makes it.
pub(crate) struct Parent {
    pub(crate) depth: usize,
    pub(crate) deadline: Instant,
    pub(crate) system: bool,
}

impl Dispatcher {
    /// A dispatcher without apps.
    pub fn new(sandbox: Arc<Sandbox>, database: Database) -> Arc<Self> {
        Arc::new(Self {
            sandbox,
            database,
            deployments: RwLock::default(),
            outbound: OnceLock::new(),
            accounts: OnceLock::new(),
        })
    }

    /// The sandbox that functions run in.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.sandbox
    }

    /// Joins identity to this dispatcher; later calls are ignored.
    pub fn set_accounts(&self, accounts: Arc<dyn Accounts>) {
        let _ = self.accounts.set(accounts);
    }

    pub(crate) fn accounts(&self) -> Result<&Arc<dyn Accounts>, Failure> {
        self.accounts
            .get()
            .ok_or_else(|| Failure::new(ErrorCode::InternalServerError, "this host has no user accounts"))
    }

    pub(crate) fn outbound(&self) -> Result<&Outbound, Failure> {
        if self.outbound.get().is_none() {
            let _ = self.outbound.set(Outbound::new()?);
        }
        self.outbound.get().ok_or_else(|| Failure::new(ErrorCode::InternalServerError, "there is no way out"))
    }

    /// Puts a deployment in place of the one that runs under the same app id. Calls that have begun end with the
    /// deployment they began with.
    pub fn deploy(&self, deployment: Arc<Deployment>) {
        let mut deployments = self.deployments.write().unwrap_or_else(PoisonError::into_inner);
        deployments.insert(deployment.app().id.clone(), deployment);
    }

    /// The app that runs under this client app id.
    pub fn deployment(&self, app: &str) -> Option<Arc<Deployment>> {
        let deployments = self.deployments.read().unwrap_or_else(PoisonError::into_inner);
        deployments.get(app).cloned()
    }

    /// Every app that runs.
    pub fn deployments(&self) -> Vec<Arc<Deployment>> {
        let deployments = self.deployments.read().unwrap_or_else(PoisonError::into_inner);
        deployments.values().cloned().collect()
    }

    /// Runs one call and answers with the value of its result as the contract passes it: a document with the
    /// field `result` (see [`usher_contract::value::result`]).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(self: &Arc<Self>, call: Call) -> Result<Vec<u8>, CallError> {
        self.run(call, None).await
    }

    /// A call made by a running function. Boxed, since a call can hold a call.
    pub(crate) fn call_nested(
        self: Arc<Self>,
        call: Call,
        parent: Parent,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, CallError>> + Send>> {
        Box::pin(async move { self.run(call, Some(parent)).await })
    }

    async fn run(self: &Arc<Self>, mut call: Call, parent: Option<Parent>) -> Result<Vec<u8>, CallError> {
        let deployment = call.deployment.clone();
        let (function, module) = deployment
            .function(&call.function)
            .filter(|(function, _)| parent.is_some() || !function.private || !matches!(call.origin, Origin::Client))
            .ok_or_else(|| CallError::NotFound(call.function.clone()))?;

        let admission = match &parent {
            Some(parent) => Admission::Nested { depth: parent.depth + 1 },
            None => Admission::Outer,
        };
        let limit = parent.as_ref().map(|parent| parent.deadline);
        let permit = self.sandbox.admit(admission, limit).await.map_err(error)?;

        let ends = Instant::now() + function.budget.wall_clock;
        let deadline = limit.map_or(ends, |limit| limit.min(ends));
        let inherited = parent.as_ref().is_some_and(|parent| parent.system);
        // The host keeps the call without its arguments, which are the guest's.
        let (name, arguments) = (call.function.clone(), std::mem::take(&mut call.arguments));
        let id = call.id.clone();
        let named = Named {
            deployment: deployment.clone(),
            function: call.function.clone(),
            caller: call.caller.clone(),
            system: inherited || function.run_as_system || acts_as_system(&call),
        };
        let host = InvocationHost {
            named,
            depth: parent.map_or(0, |parent| parent.depth + 1),
            dispatcher: self.clone(),
            deadline,
            call,
            described: tokio::sync::OnceCell::new(),
        };
        let invocation = Invocation {
            function: name,
            arguments,
            budget: function.budget,
            deadline,
            inputs: Inputs::fresh(),
            host: Arc::new(host),
            permit,
        };
        tracing::debug!(app = deployment.app().id, function = function.name, invocation = id, "invocation begins");
        let outcome = self.sandbox.run(module, invocation).await;
        if let Err(failure) = &outcome {
            let (app, failure) = (&deployment.app().id, failure.to_string());
            let failure = limits::log_line(&failure);
            tracing::info!(app, function = function.name, invocation = id, failure, "function failed");
        }
        outcome.map_err(error)
    }
}

fn acts_as_system(call: &Call) -> bool {
    matches!(call.caller, Caller::System)
        || matches!(
            call.origin,
            Origin::Registration(_)
                | Origin::Operator { system: true }
                | Origin::Trigger
                | Origin::Endpoint { system: true }
                | Origin::Configuration
        )
}

fn error(error: RunError) -> CallError {
    match error {
        RunError::Overloaded(message) => CallError::Overloaded(message),
        RunError::Function(failure) | RunError::Ended(failure) => CallError::Failed(failure),
    }
}

/// Whether a call at this depth may make another.
pub(crate) fn check_depth(depth: usize) -> Result<(), Failure> {
    if depth + 1 >= limits::CALL_DEPTH {
        return Err(Failure::new(
            ErrorCode::CallDepthExceeded,
            format!("functions called functions more than {} deep", limits::CALL_DEPTH),
        ));
    }
    Ok(())
}
