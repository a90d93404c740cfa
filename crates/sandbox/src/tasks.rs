//! Operations that run while the guest goes on: the interface `tasks`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio_util::task::AbortOnDropHandle;
use usher_contract::{Collection, ErrorCode, Failure, Operation, Reply, limits};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::usher::function::tasks::{self, HostTask, Operation as Wanted, Outcome};
use crate::bindings::usher::function::types;
use crate::host::error;
use crate::state::{OpenCollection, OpenCursor, State};

type Answer<T> = Result<std::result::Result<T, types::Error>>;
type Outcomes = std::result::Result<Came, Failure>;

/// What came of a task, as the host holds it.
enum Came {
    Reply(Reply),
    Documents(Vec<u8>),
    Document(Vec<u8>),
}

impl Came {
    fn bytes(&self) -> usize {
        match self {
            Self::Reply(Reply::Document(document)) => document.as_ref().map_or(0, Vec::len),
            Self::Reply(_) => 0,
            Self::Documents(bytes) | Self::Document(bytes) => bytes.len(),
        }
    }
}

/// Something that was started.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Task {
    #[allow(private_interfaces, reason = "opaque to the bindings")]
    Running(AbortOnDropHandle<Outcomes>),
    #[allow(private_interfaces, reason = "opaque to the bindings")]
    Done(Outcomes),
    Taken,
}

impl Task {
    fn poll(&mut self, context: &mut std::task::Context<'_>) -> Poll<()> {
        let Self::Running(handle) = self else { return Poll::Ready(()) };
        let Poll::Ready(joined) = Pin::new(handle).poll(context) else { return Poll::Pending };
        *self = Self::Done(joined.unwrap_or_else(|panic| Err(broke_off(&panic))));
        Poll::Ready(())
    }
}

/// The tasks of one invocation.
pub(crate) struct Tasks {
    places: Arc<Semaphore>,
    /// Bytes of outcomes that were not taken yet: the host holds them meanwhile.
    held: Arc<AtomicUsize>,
    /// Completes when the last operation that keeps its order is done.
    last: Option<oneshot::Receiver<()>>,
    /// Tasks whose handle the guest dropped. They end with the invocation.
    dropped: JoinSet<()>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits::TASKS)),
            held: Arc::default(),
            last: None,
            dropped: JoinSet::new(),
        }
    }
}

impl State {
    fn begin(
        &mut self,
        in_order: bool,
        running: impl Future<Output = Outcomes> + Send + 'static,
    ) -> Result<Resource<Task>> {
        self.open_task()?;
        let (places, held, budget) = (self.tasks.places.clone(), self.tasks.held.clone(), self.budget().host_bytes);
        let (done, turn) = oneshot::channel();
        let before = if in_order { self.tasks.last.replace(turn) } else { None };
        let handle = tokio::spawn(async move {
            // Held, so that dropping it tells the next in order.
            let _done = done;
            if let Some(before) = before {
                let _ = before.await;
            }
            let _place = places.acquire().await;
            let came = running.await?;
            let bytes = came.bytes();
            if held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > budget {
                held.fetch_sub(bytes, Ordering::Relaxed);
                return Err(Failure::new(
                    ErrorCode::HostBytesLimitExceeded,
                    format!("outcomes of more than {budget} bytes wait to be taken"),
                ));
            }
            Ok(came)
        });
        Ok(self.table.push(Task::Running(AbortOnDropHandle::new(handle)))?)
    }

    /// Takes a finished task's outcome to the guest's side.
    fn taken(&mut self, outcome: Outcomes) -> Answer<Outcome> {
        let came = match outcome {
            Ok(came) => came,
            Err(failure) => return Ok(Err(error(failure))),
        };
        let bytes = came.bytes();
        self.tasks.held.fetch_sub(bytes, Ordering::Relaxed);
        self.cross(bytes)?;
        Ok(Ok(match came {
            Came::Document(document) | Came::Reply(Reply::Document(Some(document))) => Outcome::Document(document),
            Came::Reply(Reply::Document(None)) => Outcome::Nothing,
            Came::Reply(Reply::Count(count)) => Outcome::Count(count),
            Came::Documents(batch) => Outcome::Documents(batch),
            Came::Reply(Reply::Cursor(cursor)) => {
                self.open_handle()?;
                Outcome::Cursor(self.table.push(OpenCursor::new(cursor))?)
            }
        }))
    }
}

async fn execute(collection: Arc<dyn Collection>, operation: Operation) -> Outcomes {
    collection.execute(operation).await.map(Came::Reply)
}

/// Lets what has begun come to its end, also where its invocation ends before: it is held to the same deadline. The
/// driver serves one waiting operation at a time, and one that was given up meanwhile holds up those of everybody else
/// behind it for up to half a second.
async fn to_its_end(running: impl Future<Output = Outcomes> + Send + 'static) -> Outcomes {
    tokio::spawn(running).await.unwrap_or_else(|panic| Err(broke_off(&panic)))
}

fn broke_off(panic: &JoinError) -> Failure {
    Failure::new(ErrorCode::InternalServerError, format!("an operation broke off: {panic}"))
}

impl tasks::Host for State {
    fn start(&mut self, on: Resource<OpenCollection>, operation: Wanted) -> Result<Resource<Task>> {
        let (operation, bytes) = wanted(operation);
        self.spend_database(bytes)?;
        let collection = self.table.get(&on)?.0.clone();
        let running = execute(collection.clone(), operation);
        // One within a transaction ends with its invocation, before the transaction is taken back.
        if collection.in_order() { self.begin(true, running) } else { self.begin(false, to_its_end(running)) }
    }

    fn start_next_batch(&mut self, of: Resource<OpenCursor>) -> Result<Resource<Task>> {
        self.spend_database(0)?;
        let cursor = self.table.get(&of)?.clone();
        // A cursor's lock keeps the order of its own batches.
        self.begin(false, to_its_end(async move { cursor.next_batch().await.map(Came::Documents) }))
    }

    fn start_call(&mut self, name: String, arguments: Vec<u8>) -> Result<Resource<Task>> {
        self.spend(name.len() + arguments.len())?;
        let host = self.host.clone();
        self.begin(false, async move { host.call_function(&name, arguments).await.map(Came::Document) })
    }

    fn start_request(&mut self, acting: String, request: Vec<u8>) -> Result<Resource<Task>> {
        self.spend(acting.len() + request.len())?;
        let host = self.host.clone();
        self.begin(false, async move { host.send(&acting, request).await.map(Came::Document) })
    }

    async fn wait(&mut self, tasks: Vec<Resource<Task>>, milliseconds: Option<u64>) -> Result<Vec<u32>> {
        self.spend(0)?;
        let table = &mut self.table;
        let ready = poll_fn(|context| {
            let mut ready = Vec::new();
            for (index, task) in (0u32..).zip(&tasks) {
                match table.get_mut(task).map(|task| task.poll(context)) {
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(())) => ready.push(index),
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            if ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(ready)) }
        });
        let ready = match milliseconds {
            None if tasks.is_empty() => Vec::new(),
            None => ready.await?,
            Some(milliseconds) => match tokio::time::timeout(Duration::from_millis(milliseconds), ready).await {
                Ok(ready) => ready?,
                Err(_) => Vec::new(),
            },
        };
        self.clock.advance();
        Ok(ready)
    }
}

impl HostTask for State {
    async fn take(&mut self, this: Resource<Task>) -> Answer<Outcome> {
        self.spend(0)?;
        let task = self.table.get_mut(&this)?;
        poll_fn(|context| task.poll(context)).await;
        let outcome = match std::mem::replace(task, Task::Taken) {
            Task::Done(outcome) => outcome,
            _ => Err(Failure::new(ErrorCode::InvalidTask, "the outcome of this task was taken before")),
        };
        self.clock.advance();
        self.taken(outcome)
    }

    fn drop(&mut self, this: Resource<Task>) -> Result<()> {
        let held = self.tasks.held.clone();
        match self.table.delete(this)? {
            Task::Running(handle) => {
                self.tasks.dropped.spawn(async move {
                    if let Ok(Ok(came)) = handle.await {
                        held.fetch_sub(came.bytes(), Ordering::Relaxed);
                    }
                });
            }
            Task::Done(Ok(came)) => {
                held.fetch_sub(came.bytes(), Ordering::Relaxed);
            }
            Task::Done(Err(_)) | Task::Taken => {}
        }
        self.close_task();
        Ok(())
    }
}

/// The operation as the capability knows it, and its bytes.
fn wanted(operation: Wanted) -> (Operation, usize) {
    use tasks::{Aggregation, Distinct, Insertion};
    match operation {
        Wanted::FindOne(query) => queried(query, |filter, options| Operation::FindOne { filter, options }),
        Wanted::Find(query) => queried(query, |filter, options| Operation::Find { filter, options }),
        Wanted::Count(query) => queried(query, |filter, options| Operation::Count { filter, options }),
        Wanted::DeleteOne(query) => queried(query, |filter, options| Operation::DeleteOne { filter, options }),
        Wanted::DeleteMany(query) => queried(query, |filter, options| Operation::DeleteMany { filter, options }),
        Wanted::FindOneAndDelete(query) => {
            queried(query, |filter, options| Operation::FindOneAndDelete { filter, options })
        }
        Wanted::Aggregate(Aggregation { pipeline, options }) => {
            let bytes = pipeline.len() + options.len();
            (Operation::Aggregate { pipeline, options }, bytes)
        }
        Wanted::Distinct(Distinct { field, filter, options }) => {
            let bytes = field.len() + filter.len() + options.len();
            (Operation::Distinct { field, filter, options }, bytes)
        }
        Wanted::InsertOne(document) => {
            let bytes = document.len();
            (Operation::InsertOne { document }, bytes)
        }
        Wanted::InsertMany(Insertion { documents, options }) => {
            let bytes = documents.len() + options.len();
            (Operation::InsertMany { documents, options }, bytes)
        }
        Wanted::UpdateOne(change) => {
            changed(change, |filter, update, options| Operation::UpdateOne { filter, update, options })
        }
        Wanted::UpdateMany(change) => {
            changed(change, |filter, update, options| Operation::UpdateMany { filter, update, options })
        }
        Wanted::ReplaceOne(change) => {
            changed(change, |filter, replacement, options| Operation::ReplaceOne { filter, replacement, options })
        }
        Wanted::FindOneAndUpdate(change) => {
            changed(change, |filter, update, options| Operation::FindOneAndUpdate { filter, update, options })
        }
        Wanted::FindOneAndReplace(change) => changed(change, |filter, replacement, options| {
            Operation::FindOneAndReplace { filter, replacement, options }
        }),
    }
}

fn queried(
    tasks::Query { filter, options }: tasks::Query,
    operation: impl FnOnce(Vec<u8>, Vec<u8>) -> Operation,
) -> (Operation, usize) {
    let bytes = filter.len() + options.len();
    (operation(filter, options), bytes)
}

fn changed(
    tasks::Change { filter, change, options }: tasks::Change,
    operation: impl FnOnce(Vec<u8>, Vec<u8>, Vec<u8>) -> Operation,
) -> (Operation, usize) {
    let bytes = filter.len() + change.len() + options.len();
    (operation(filter, change, options), bytes)
}
