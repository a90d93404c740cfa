//! The apps that run on this host, and one call through them.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use usher_app::Function;
use usher_contract::{ErrorCode, Failure, limits, value};
use usher_database::Database;
use usher_logs::{Line, Logs};
use usher_outbound::Outbound;
use usher_rules::Expression;
use usher_sandbox::{Admission, Inputs, Invocation, RunError, Sandbox};

use crate::answers::Answers;
use crate::around::{self, Around};
use crate::call::{Accounts, Call, CallError, Caller, Origin};
use crate::deployment::Deployment;
use crate::host::InvocationHost;
use crate::run_as::{self, Authority};
use crate::story::{Report, Story};
use crate::transaction::Named;

/// Runs calls. One for each process; apps are swapped in and out while it runs.
pub struct Dispatcher {
    sandbox: Arc<Sandbox>,
    pub(crate) database: Database,
    deployments: RwLock<HashMap<String, Arc<Deployment>>>,
    /// Told of every swap.
    swaps: watch::Sender<()>,
    /// The way out, made when a function first asks for it: most apps never do.
    outbound: OnceLock<Outbound>,
    /// Set once identity, which stands above and needs a dispatcher itself, exists.
    accounts: OnceLock<Arc<dyn Accounts>>,
    /// Where calls are told of; commands that run one call by themselves have none.
    logs: OnceLock<Arc<Logs>>,
    /// What answers to clients take.
    pub(crate) answers: Answers,
}

/// What a nested call takes over from the call that makes it.
#[derive(Clone)]
pub(crate) struct Parent {
    pub(crate) depth: usize,
    pub(crate) deadline: Instant,
    pub(crate) system: bool,
    /// For whom the call acts.
    pub(crate) acting: Caller,
    /// Where its lines are collected.
    pub(crate) story: Arc<Story>,
}

impl Parent {
    /// The same, with the system's authority.
    pub(crate) fn as_system(&self) -> Self {
        Self { system: true, ..self.clone() }
    }
}

impl Dispatcher {
    /// A dispatcher without apps.
    pub fn new(sandbox: Arc<Sandbox>, database: Database) -> Arc<Self> {
        Arc::new(Self {
            sandbox,
            database,
            deployments: RwLock::default(),
            swaps: watch::Sender::default(),
            outbound: OnceLock::new(),
            accounts: OnceLock::new(),
            logs: OnceLock::new(),
            answers: Answers::new(),
        })
    }

    /// The sandbox that functions run in.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.sandbox
    }

    /// What a function answered, as the text of canonical Extended JSON.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidDocument`] where it is no answer.
    pub async fn text(&self, answer: &[u8]) -> Result<Bytes, Failure> {
        let mut text = self.answers.begin();
        text.expect_done(answer.len()).await;
        text.text = value::result_json(answer)?;
        text.finish()
    }

    /// Joins identity to this dispatcher; later calls are ignored.
    pub fn set_accounts(&self, accounts: Arc<dyn Accounts>) {
        let _ = self.accounts.set(accounts);
    }

    /// Tells this dispatcher where to tell of calls; later calls are ignored.
    pub fn set_logs(&self, logs: Arc<Logs>) {
        let _ = self.logs.set(logs);
    }

    /// Where to tell of what happens, where there is a log.
    pub fn logs(&self) -> Option<&Arc<Logs>> {
        self.logs.get()
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
        drop(deployments);
        self.swaps.send_replace(());
    }

    /// Runs an app no longer. Calls that have begun end.
    pub fn remove(&self, app: &str) {
        self.deployments.write().unwrap_or_else(PoisonError::into_inner).remove(app);
        self.swaps.send_replace(());
    }

    /// Changes whenever an app is deployed or removed.
    pub fn swaps(&self) -> watch::Receiver<()> {
        self.swaps.subscribe()
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
        self.tell(call, Arc::default()).await
    }

    /// As [`Dispatcher::call`], with the lines that functions wrote, where this host keeps a log.
    pub async fn call_aloud(self: &Arc<Self>, call: Call) -> (Result<Vec<u8>, CallError>, Vec<Line>) {
        let story = Arc::<Story>::default();
        let outcome = self.tell(call, story.clone()).await;
        (outcome, story.lines())
    }

    async fn tell(self: &Arc<Self>, call: Call, story: Arc<Story>) -> Result<Vec<u8>, CallError> {
        let Some(logs) = self.logs.get() else {
            return self.run(call, None, story).await;
        };
        let report = Report::begin(logs, &call, story.clone());
        let outcome = self.run(call, None, story).await;
        report.end(&outcome);
        outcome
    }

    /// A call made by a running function. Boxed, since a call can hold a call.
    pub(crate) fn call_nested(
        self: Arc<Self>,
        call: Call,
        parent: Parent,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, CallError>> + Send>> {
        let story = parent.story.clone();
        Box::pin(async move { self.run(call, Some(parent), story).await })
    }

    async fn run(
        self: &Arc<Self>,
        mut call: Call,
        parent: Option<Parent>,
        story: Arc<Story>,
    ) -> Result<Vec<u8>, CallError> {
        let deployment = call.deployment.clone();
        let (function, module) = deployment
            .function(&call.function)
            .filter(|(function, _)| parent.is_some() || !function.private || !matches!(call.origin, Origin::Client))
            .ok_or_else(|| CallError::NotFound(call.function.clone()))?;
        let inherited = parent.as_ref().is_some_and(|parent| parent.system) || acts_as_system(&call);
        // Of a request from outside the rule is asked whoever the function then runs as (real-apps 6).
        let outside = parent.is_none() && matches!(call.origin, Origin::Endpoint { .. });
        if let Some(rule) = &function.can_evaluate
            && (outside || !inherited)
        {
            self.may_call(&call, rule, parent.as_ref()).await?;
        }
        let Authority { system, acting } = self.authority(&call, function, inherited, parent.as_ref()).await?;

        let admission = match &parent {
            Some(parent) => Admission::Nested { depth: parent.depth + 1 },
            None => Admission::Outer,
        };
        let limit = parent.as_ref().map(|parent| parent.deadline);
        let permit = self.sandbox.admit(admission, limit).await.map_err(error)?;

        let ends = Instant::now() + function.budget.wall_clock;
        let deadline = limit.map_or(ends, |limit| limit.min(ends));
        // The host keeps the call without its arguments, which are the guest's.
        let (name, arguments) = (call.function.clone(), std::mem::take(&mut call.arguments));
        let id = call.id.clone();
        let named = Named {
            deployment: deployment.clone(),
            function: call.function.clone(),
            depth: parent.map_or(0, |parent| parent.depth + 1),
            acting,
            system,
            deadline,
            request: call.request.clone(),
            id: id.clone(),
            dispatcher: self.clone(),
            around: OnceLock::new(),
            story,
        };
        let host = InvocationHost {
            named: Arc::new(named),
            dispatcher: self.clone(),
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

    /// Asks the rule that says who may call a function (reference 5.1, `can_evaluate`).
    async fn may_call(
        self: &Arc<Self>,
        call: &Call,
        rule: &Expression,
        parent: Option<&Parent>,
    ) -> Result<(), CallError> {
        let caller = parent.map_or(&call.caller, |parent| &parent.acting).clone();
        let (deployment, request, id) = (call.deployment.clone(), call.request.clone(), call.id.clone());
        let around = Around::new(self.clone(), deployment, caller, request, id, parent.cloned());
        let around: Arc<dyn usher_rules::Surroundings> = around;
        if rule.holds(&around::arguments(&call.arguments), &around).await.map_err(CallError::Failed)? {
            return Ok(());
        }
        let message = format!("rule not matched for function \"{}\"", call.function);
        Err(CallError::Failed(Failure::new(ErrorCode::FunctionExecutionError, message)))
    }

    /// With whose authority a function runs: the system's, that of the user its configuration names, or that of
    /// whoever calls (reference 5.1).
    async fn authority(
        self: &Arc<Self>,
        call: &Call,
        function: &Function,
        inherited: bool,
        parent: Option<&Parent>,
    ) -> Result<Authority, CallError> {
        let acting = parent.map_or(&call.caller, |parent| &parent.acting).clone();
        let run_as = match &function.run_as_user {
            _ if inherited || function.run_as_system => return Ok(Authority { system: true, acting }),
            None => return Ok(Authority { system: false, acting }),
            // The endpoint has said as whom already.
            _ if parent.is_none() && matches!(call.origin, Origin::Endpoint { .. }) => {
                return Ok(Authority { system: false, acting });
            }
            Some(run_as) => run_as,
        };
        let parent = parent.map(Parent::as_system);
        run_as::resolve(self, call, run_as, parent).await.map_err(CallError::Failed)
    }
}

fn acts_as_system(call: &Call) -> bool {
    matches!(call.caller, Caller::System)
        || matches!(
            call.origin,
            Origin::Registration(_)
                | Origin::Operator { system: true }
                | Origin::Trigger { .. }
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
