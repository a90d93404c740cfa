//! One invocation: a fresh instance, a budget, an outcome.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use usher_contract::{Budget, ErrorCode, Failure, Host, limits};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::admission::Permit;
use crate::bindings::Function;
use crate::engine::Sandbox;
use crate::inputs::Inputs;
use crate::load::Module;
use crate::state::{State, most_tasks};

/// Everything one run needs.
pub struct Invocation {
    /// The function's name, as the module knows it.
    pub function: String,
    /// A BSON array.
    pub arguments: Vec<u8>,
    /// What it may spend.
    pub budget: Budget,
    /// When its time is up: the budget's wall clock from admission, or earlier where its caller ends earlier.
    pub deadline: Instant,
    /// Time and randomness.
    pub inputs: Inputs,
    /// What it sees of the world.
    pub host: Arc<dyn Host>,
    /// The instance that it was admitted to.
    pub permit: Permit,
}

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No sandbox became free in time; nothing ran.
    #[error("{0}")]
    Overloaded(String),
    /// The function answered with an error of its own.
    #[error("{0}")]
    Function(Failure),
    /// The sandbox ended the call: a trap, or a budget that ran out.
    #[error("{0}")]
    Ended(Failure),
}

impl Sandbox {
    /// Runs one invocation in an instance of its own and answers with what the handler returned.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn run(&self, module: &Module, invocation: Invocation) -> Result<Vec<u8>, RunError> {
        let wall_clock = invocation.budget.wall_clock;
        match timeout_at(invocation.deadline, self.instantiate_and_call(module, invocation)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(RunError::Ended(out_of_time(wall_clock))),
        }
    }

    /// Makes an instance and drops it, as [`Sandbox::run`] does around a call. For benchmarks.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn instantiate(&self, module: &Module, invocation: Invocation) -> Result<(), RunError> {
        let mut store = self.store(invocation.host, invocation.inputs, invocation.budget, invocation.deadline);
        let instance = module.pre.instantiate_async(&mut store).await;
        instance.map(drop).map_err(|error| RunError::Ended(explain(error)))
    }

    /// An instance that is kept for several calls, which no invocation does. For benchmarks.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn keep(&self, module: &Module, invocation: Invocation) -> Result<Kept, RunError> {
        let Invocation { function, arguments, mut budget, inputs, host, permit, .. } = invocation;
        budget.host_calls = u64::MAX;
        budget.host_bytes = usize::MAX / 2;
        let deadline = Instant::now() + limits::WALL_CLOCK_CEILING;
        let mut store = self.store(host, inputs, budget, deadline);
        let instance = module.pre.instantiate_async(&mut store).await;
        let instance = instance.map_err(|error| RunError::Ended(explain(error)))?;
        Ok(Kept { store, instance, function, arguments, _permit: permit })
    }

    pub(crate) fn store(&self, host: Arc<dyn Host>, inputs: Inputs, budget: Budget, deadline: Instant) -> Store<State> {
        let mut store = Store::new(&self.engine, State::new(host, inputs, budget));
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits::DOCUMENT_BYTES.min(budget.host_bytes) + HOSTCALL_MARGIN);
        // A task counts twice while it is waited for: what the guest holds, and what it lends the host.
        store.set_max_component_handles(budget.handles + 2 * most_tasks(&budget) + limits::SYSTEM_HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if Instant::now() >= deadline {
                return Err(wasmtime::Error::new(out_of_time(budget.wall_clock)));
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    async fn instantiate_and_call(&self, module: &Module, invocation: Invocation) -> Result<Vec<u8>, RunError> {
        let Invocation {
            function,
            arguments,
            budget,
            inputs,
            host,
            deadline,
            // Held until the store is gone, for that is when the instance is free again.
            permit: _permit,
        } = invocation;
        let mut store = self.store(host, inputs, budget, deadline);
        let ended = |error| RunError::Ended(explain(error));
        store.data_mut().cross(arguments.len()).map_err(RunError::Ended)?;
        let instance = module.pre.instantiate_async(&mut store).await.map_err(ended)?;
        let answer =
            instance.usher_function_handler().call_call(&mut store, &function, &arguments).await.map_err(ended)?;
        match answer {
            Ok(document) => {
                store.data_mut().cross(document.len()).map_err(RunError::Ended)?;
                Ok(document)
            }
            Err(error) => {
                store.data_mut().cross(error.code.len() + error.message.len()).map_err(RunError::Ended)?;
                Err(RunError::Function(Failure { code: error.code.into(), message: error.message }))
            }
        }
    }
}

/// An instance that is kept, see [`Sandbox::keep`].
pub struct Kept {
    store: Store<State>,
    instance: Function,
    function: String,
    arguments: Vec<u8>,
    _permit: Permit,
}

impl Kept {
    /// Calls the function again.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn call(&mut self) -> Result<Vec<u8>, RunError> {
        let Self { store, instance, function, arguments, .. } = self;
        let called = instance.usher_function_handler().call_call(store, function, arguments).await;
        let answer = called.map_err(|error| RunError::Ended(explain(error)))?;
        answer.map_err(|error| RunError::Function(Failure { code: error.code.into(), message: error.message }))
    }
}

/// Room for the options that stand beside a document of the largest size in one host call.
const HOSTCALL_MARGIN: usize = 1024 * 1024;

fn out_of_time(wall_clock: Duration) -> Failure {
    Failure::new(
        ErrorCode::ExecutionTimeLimitExceeded,
        format!("execution time limit exceeded ({} ms)", wall_clock.as_millis()),
    )
}

/// The failure behind an error of the engine: our own where a budget ended the call, else the trap's.
pub(crate) fn explain(error: wasmtime::Error) -> Failure {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.clone();
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::StackOverflow => Failure::new(
                ErrorCode::StackLimitExceeded,
                format!("the function's call stack grew past {} KiB", limits::STACK >> 10),
            ),
            // A component keeps a part of its stack at the beginning of its memory.
            Trap::MemoryOutOfBounds => Failure::new(
                ErrorCode::FunctionExecutionError,
                "the function trapped: it reached outside of its memory, as it does when it recurses too deeply",
            ),
            Trap::AllocationTooLarge => {
                Failure::new(ErrorCode::HostBytesLimitExceeded, "one value passed to the host is too large")
            }
            trap => Failure::new(ErrorCode::FunctionExecutionError, format!("the function trapped: {trap}")),
        };
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Failure::new(
            ErrorCode::FunctionExecutionError,
            format!("the function ended its process with status {}", exit.0),
        );
    }
    let root = error.root_cause().to_string();
    if root.contains("handle limit exceeded") || root.contains("resource table") {
        return Failure::new(ErrorCode::HandleLimitExceeded, "too many handles of system interfaces were open at once");
    }
    if root.contains("allocated for hostcalls has been exhausted") {
        return Failure::new(
            ErrorCode::HostBytesLimitExceeded,
            format!("one call to the host carried more than {} bytes", limits::DOCUMENT_BYTES),
        );
    }
    Failure::new(ErrorCode::FunctionExecutionError, format!("the function trapped: {root}"))
}
