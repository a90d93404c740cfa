//! What a store holds: the invocation's host, its WASI context, and what is left of its budget.

use std::sync::Arc;
use std::time::Instant;

use usher_contract::host::Level;
use usher_contract::{Budget, Collection, Cursor, ErrorCode, Failure, Host, Transaction, limits};
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::inputs::{Clock, Inputs};
use crate::log::{Log, Stream};
use crate::tasks::Tasks;

/// A collection that the guest holds a handle of.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenCollection(pub(crate) Arc<dyn Collection>);

/// A cursor that the guest holds a handle of; batches that were asked for at once come one after the other.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
#[derive(Clone)]
pub struct OpenCursor(Arc<tokio::sync::Mutex<Box<dyn Cursor>>>);

impl OpenCursor {
    pub(crate) fn new(cursor: Box<dyn Cursor>) -> Self {
        Self(Arc::new(tokio::sync::Mutex::new(cursor)))
    }

    pub(crate) async fn next_batch(&self) -> Result<Vec<u8>, Failure> {
        self.0.lock().await.next_batch().await
    }
}

/// A transaction that the guest holds a handle of.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenTransaction(pub(crate) Arc<dyn Transaction>);

pub(crate) struct State {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) inputs: Inputs,
    pub(crate) log: Arc<Log>,
    pub(crate) table: ResourceTable,
    pub(crate) tasks: Tasks,
    pub(crate) clock: Arc<Clock>,
    /// Made when the guest first asks for it: many never do.
    wasi: Option<WasiCtx>,
    budget: Budget,
    memory: usize,
    host_calls: u64,
    database_calls: u64,
    host_bytes: usize,
    handles: usize,
    open_tasks: usize,
    begun: Instant,
}

impl Drop for State {
    /// Here, since every run ends here: with an answer, by a trap, or because its time was up.
    fn drop(&mut self) {
        self.host.used(self.memory, self.begun.elapsed());
    }
}

impl State {
    pub(crate) fn new(host: Arc<dyn Host>, inputs: Inputs, budget: Budget) -> Self {
        let log = Log::new(host.clone(), budget.log_bytes);
        Self {
            host,
            inputs,
            log,
            table: ResourceTable::new(),
            tasks: Tasks::new(),
            clock: Arc::default(),
            wasi: None,
            budget,
            memory: 0,
            host_calls: 0,
            database_calls: 0,
            host_bytes: 0,
            handles: 0,
            open_tasks: 0,
            begun: Instant::now(),
        }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Counts one call to the host and the bytes it brought.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        self.host_calls += 1;
        if self.host_calls > self.budget.host_calls {
            return Err(Failure::new(
                ErrorCode::HostCallLimitExceeded,
                format!("the function called the host more than {} times", self.budget.host_calls),
            ));
        }
        self.cross(bytes)
    }

    /// Counts one database operation and the bytes it brought.
    pub(crate) fn spend_database(&mut self, bytes: usize) -> Result<(), Failure> {
        self.database_calls += 1;
        if self.database_calls > self.budget.database_calls {
            return Err(Failure::new(
                ErrorCode::HostCallLimitExceeded,
                format!("the function called the database more than {} times", self.budget.database_calls),
            ));
        }
        self.spend(bytes)
    }

    /// Counts bytes that crossed in either direction.
    pub(crate) fn cross(&mut self, bytes: usize) -> Result<(), Failure> {
        self.host_bytes = self.host_bytes.saturating_add(bytes);
        if self.host_bytes > self.budget.host_bytes {
            return Err(Failure::new(
                ErrorCode::HostBytesLimitExceeded,
                format!("more than {} bytes crossed between function and host", self.budget.host_bytes),
            ));
        }
        Ok(())
    }

    pub(crate) fn open_handle(&mut self) -> Result<(), Failure> {
        self.handles += 1;
        if self.handles > self.budget.handles {
            return Err(Failure::new(
                ErrorCode::HandleLimitExceeded,
                format!("more than {} collections and cursors were open at once", self.budget.handles),
            ));
        }
        Ok(())
    }

    pub(crate) fn close_handle(&mut self) {
        self.handles = self.handles.saturating_sub(1);
    }

    pub(crate) fn open_task(&mut self) -> Result<(), Failure> {
        self.open_tasks += 1;
        let most = most_tasks(&self.budget);
        if self.open_tasks > most {
            return Err(Failure::new(
                ErrorCode::HandleLimitExceeded,
                format!("more than {most} operations were under way at once"),
            ));
        }
        Ok(())
    }

    pub(crate) fn close_task(&mut self) {
        self.open_tasks = self.open_tasks.saturating_sub(1);
    }
}

/// Tasks that may be open at once: all of an invocation's database operations, since scripts start as many as they have
/// documents and then wait for all of them. Calls and requests share the room.
pub(crate) fn most_tasks(budget: &Budget) -> usize {
    budget.handles.max(usize::try_from(budget.database_calls).unwrap_or(usize::MAX))
}

/// The system interfaces without power: the invocation's inputs, the function's log, and nothing else.
fn wasi(inputs: &Inputs, clock: &Arc<Clock>, log: &Arc<Log>) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    inputs.provide(&mut wasi, clock);
    wasi.stdout(Stream::new(log.clone(), Level::Info))
        .stderr(Stream::new(log.clone(), Level::Error))
        .max_random_size(limits::RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false);
    wasi.build()
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| wasi(&self.inputs, &self.clock, &self.log));
        WasiCtxView { ctx: wasi, table: &mut self.table }
    }
}

/// Growth past the budget ends the call here, rather than by whatever the guest does when it gets no memory.
impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.budget.memory {
            return Err(wasmtime::Error::new(Failure::new(
                ErrorCode::MemoryLimitExceeded,
                format!("the function needed more than {} MiB of memory", self.budget.memory >> 20),
            )));
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.budget.table_elements {
            return Err(wasmtime::Error::new(Failure::new(
                ErrorCode::TableLimitExceeded,
                format!("a table grew past {} elements", self.budget.table_elements),
            )));
        }
        Ok(true)
    }
}
