//! The host side of `collection`: sends what the guard passed, and shapes the answer.

use std::time::Instant;

use async_trait::async_trait;
use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
use mongodb::error::Error;
use usher_contract::{Collection, ErrorCode, Failure, Operation, Reply, limits, value};
use usher_database::{Database, Transaction};

use crate::cursor::{BatchCursor, Batches};
use crate::error;
use crate::guard::{self, Answer, Call, Checked};
use crate::scope::Scope;

/// What every operation of one invocation shares.
#[derive(Clone)]
pub struct Context {
    /// The connection.
    pub database: Database,
    /// The invocation's id, sent to MongoDB as `comment`.
    pub invocation: String,
    /// When the invocation's time is up; what remains becomes `maxTimeMS`.
    pub deadline: Instant,
    /// The transaction that every operation joins, where there is one.
    pub transaction: Option<Transaction>,
}

/// A collection handle: a scope and the invocation that uses it.
pub struct ScopedCollection {
    context: Context,
    scope: Scope,
    database: mongodb::Database,
}

/// Why an operation that passed the guard failed.
pub(crate) enum Trouble {
    /// The driver or the server.
    Driver(Error),
    /// Something else, already told as the guest will see it.
    Other(Failure),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<bson::error::Error> for Trouble {
    fn from(error: bson::error::Error) -> Self {
        Self::Driver(error.into())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Driver(error) => error::failure(&error),
            Trouble::Other(failure) => failure,
        }
    }
}

impl Context {
    /// Waits for the driver until the deadline, and tells the transaction of an error: it ended with it.
    pub(crate) async fn bounded<T>(&self, running: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let outcome = match tokio::time::timeout_at(self.deadline.into(), running).await {
            Ok(outcome) => outcome,
            Err(_) => Err(error::expired()),
        };
        self.noted(outcome)
    }

    fn noted<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let (Err(error), Some(transaction)) = (&outcome, &self.transaction) {
            transaction.note_error(error);
        }
        outcome
    }
}

impl ScopedCollection {
    /// A handle for one invocation.
    pub fn new(context: Context, scope: Scope) -> Self {
        let database = context.database.client().database(&scope.database);
        Self { context, scope, database }
    }

    /// Checks an operation without sending it.
    pub(crate) fn check(&self, operation: &Operation) -> Result<Checked, Failure> {
        let remaining = self.context.deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Err(Failure::new(
                ErrorCode::ExecutionTimeLimitExceeded,
                "the invocation's time is up: no operation begins any more",
            ));
        }
        let call =
            Call { invocation: &self.context.invocation, remaining: remaining.saturating_sub(limits::DATABASE_MARGIN) };
        let checked = guard::check(&self.scope, operation, call)?;
        if checked.answer == Answer::Written && self.context.transaction.is_some() {
            // MongoDB would refuse it as well, and end the transaction.
            return Err(Failure::new(
                ErrorCode::OperationNotAllowed,
                "a pipeline with `$merge` or `$out` cannot be part of a transaction: write its results with insert-many \
                 or update-one",
            ));
        }
        Ok(checked)
    }

    async fn run(&self, Checked { command, answer }: Checked) -> Result<Reply, Trouble> {
        Ok(match answer {
            Answer::One => {
                let mut batches = self.batches(command, None).await?;
                Reply::Document(batches.one(&self.context).await?.map(RawDocumentBuf::into_bytes))
            }
            Answer::Many { batch } => {
                let batches = self.batches(command, Some(batch)).await?;
                Reply::Cursor(Box::new(BatchCursor::new(self.context.clone(), batches)))
            }
            Answer::Written => {
                let batches = self.batches(command, None).await?;
                Reply::Cursor(Box::new(BatchCursor::new(self.context.clone(), batches)))
            }
            Answer::Count => {
                let mut batches = self.batches(command, None).await?;
                let counted = batches.one(&self.context).await?;
                // No document at all means that nothing matched.
                let number = counted.and_then(|document| whole(document.get("n").ok()??.try_into().ok()?));
                Reply::Count(number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
            }
            Answer::Values => Reply::Document(Some(values(self.command(command).await?)?)),
            Answer::Inserted(summary) => {
                self.written(command).await?;
                Reply::Document(Some(summary))
            }
            Answer::Updated => Reply::Document(Some(updated(&self.written(command).await?)?)),
            Answer::Deleted => {
                let reply = self.written(command).await?;
                Reply::Document(Some(value::bytes(&doc! {"deletedCount": number(&reply, "n")})?))
            }
            Answer::Modified => match self.command(command).await?.get("value") {
                Some(Bson::Document(document)) => Reply::Document(Some(value::bytes(document)?)),
                _ => Reply::Document(None),
            },
        })
    }

    /// Sends a command whose answer is small.
    async fn command(&self, command: RawDocumentBuf) -> Result<Document, Error> {
        let run = self.database.run_raw_command(command);
        match &self.context.transaction {
            None => self.context.bounded(run.into_future()).await,
            Some(transaction) => {
                let joined = async { run.session(&mut *transaction.session().await).await };
                self.context.bounded(joined).await
            }
        }
    }

    /// Sends a write, and looks for failed writes in the reply.
    async fn written(&self, command: RawDocumentBuf) -> Result<Document, Error> {
        let reply = self.command(command).await?;
        self.context.noted(error::in_reply(&reply))?;
        Ok(reply)
    }

    /// Sends a command that answers with batches of documents, which stay as they come.
    async fn batches(&self, command: RawDocumentBuf, batch: Option<u32>) -> Result<Batches, Error> {
        let mut run = self.database.run_raw_cursor_command(command);
        if let Some(batch) = batch {
            run = run.batch_size(batch).comment(Bson::String(self.context.invocation.clone()));
        }
        match &self.context.transaction {
            None => Ok(Batches::Alone(Box::new(self.context.bounded(run.batch()).await?))),
            Some(transaction) => {
                let joined = async { run.session(&mut *transaction.session().await).batch().await };
                Ok(Batches::Joined(transaction.clone(), Box::new(self.context.bounded(joined).await?)))
            }
        }
    }
}

#[async_trait]
impl Collection for ScopedCollection {
    fn in_order(&self) -> bool {
        self.context.transaction.is_some()
    }

    async fn execute(&self, operation: Operation) -> Result<Reply, Failure> {
        let checked = self.check(&operation)?;
        // Inside a transaction nothing is sent again: the transaction as a whole is.
        let repeatable = checked.answer.is_read() && self.context.transaction.is_none();
        let outcome = match self.run(checked).await {
            Err(Trouble::Driver(error)) if repeatable && error::is_retryable(&error) => {
                tracing::debug!(%error, "sending a read again");
                self.run(self.check(&operation)?).await
            }
            outcome => outcome,
        };
        Ok(outcome?)
    }
}

/// `{matchedCount, modifiedCount, upsertedId?}` from the reply to an update.
fn updated(reply: &Document) -> Result<Vec<u8>, Failure> {
    let upserted = reply
        .get_array("upserted")
        .ok()
        .and_then(|upserted| upserted.first())
        .and_then(Bson::as_document)
        .and_then(|first| first.get("_id"));
    let found = number(reply, "n");
    // The server counts an upserted document among the matched ones.
    let mut summary = doc! {
        "matchedCount": if upserted.is_some() { found - 1 } else { found },
        "modifiedCount": number(reply, "nModified"),
    };
    if let Some(id) = upserted {
        summary.insert("upsertedId", id);
    }
    value::bytes(&summary)
}

fn values(mut reply: Document) -> Result<Vec<u8>, Failure> {
    let Some(Bson::Array(values)) = reply.remove("values") else {
        return Err(Failure::new(ErrorCode::MongoDBError, "the database gave no values"));
    };
    if u64::try_from(values.len()).unwrap_or(u64::MAX) > limits::QUERY_DOCUMENTS {
        return Err(too_many("values"));
    }
    value::array_bytes(values)
}

/// The failure of a read with too many results.
pub(crate) fn too_many(what: &str) -> Failure {
    Failure::new(
        ErrorCode::OperationNotAllowed,
        format!("the result has more than {} {what}: narrow the query or add a limit", limits::QUERY_DOCUMENTS),
    )
}

fn number(reply: &Document, key: &str) -> i32 {
    reply.get(key).cloned().and_then(whole).and_then(|number| i32::try_from(number).ok()).unwrap_or_default()
}

/// A number of documents, of whatever numeric type.
#[allow(clippy::cast_possible_truncation, reason = "numbers of documents are whole and far below 2^53")]
pub(crate) fn whole(number: Bson) -> Option<i64> {
    match number {
        Bson::Int32(number) => Some(number.into()),
        Bson::Int64(number) => Some(number),
        Bson::Double(number) => Some(number as i64),
        _ => None,
    }
}
