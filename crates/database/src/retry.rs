//! Running a body in a transaction, and again after a transient error.

use std::time::{Duration, Instant};

use mongodb::error::{Error, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, WriteConcern};
use rand::RngExt as _;
use usher_contract::limits;

use crate::connect::Database;
use crate::error::DatabaseError;
use crate::transaction::Transaction;

/// The first pause before a transaction runs again; it doubles each time. About one commit's time.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Errors that can say whether running the whole transaction again may help.
pub trait Transient {
    /// Whether it may.
    fn is_transient(&self) -> bool;
}

impl Transient for Error {
    fn is_transient(&self) -> bool {
        self.contains_label(TRANSIENT_TRANSACTION_ERROR)
    }
}

impl Transient for DatabaseError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Driver(error) if error.is_transient())
    }
}

enum End<E> {
    /// Running it again may help.
    Again(E),
    Over(E),
}

impl Database {
    /// Runs `body` in a transaction with snapshot reads and majority writes, and commits when it succeeds. When it
    /// fails, nothing that it wrote remains.
    ///
    /// A transient error, returned by the body or noted in the [`Transaction`], runs the body again, at most
    /// [`limits::TRANSACTION_ATTEMPTS`] times and not after [`limits::TRANSACTION_PATIENCE`]. What the body does
    /// outside the database should bear repetition.
    ///
    /// # Errors
    /// The body's own, or the database's where the transaction cannot begin or commit.
    pub async fn transaction<T, E, F, Running>(&self, mut body: F) -> Result<T, E>
    where
        F: FnMut(Transaction) -> Running,
        Running: Future<Output = Result<T, E>>,
        E: Transient + From<DatabaseError>,
    {
        let begun = Instant::now();
        let mut attempt = 1;
        loop {
            match self.attempt(&mut body).await {
                Ok(value) => return Ok(value),
                Err(End::Again(_))
                    if attempt < limits::TRANSACTION_ATTEMPTS && begun.elapsed() < limits::TRANSACTION_PATIENCE =>
                {
                    tracing::debug!(attempt, "transient transaction error, running it again");
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                Err(End::Again(error) | End::Over(error)) => return Err(error),
            }
        }
    }

    async fn attempt<T, E, F, Running>(&self, body: &mut F) -> Result<T, End<E>>
    where
        F: FnMut(Transaction) -> Running,
        Running: Future<Output = Result<T, E>>,
        E: Transient + From<DatabaseError>,
    {
        let transaction = self.begin().await.map_err(|error| End::Over(error.into()))?;
        let outcome = body(transaction.clone()).await;
        let transient = transaction.transient();
        match (outcome, transaction.fatal()) {
            (Ok(value), None) if !transient => match transaction.commit().await {
                Ok(()) => Ok(value),
                Err(error) => {
                    let again = error.is_transient();
                    let error = error.into();
                    Err(if again { End::Again(error) } else { End::Over(error) })
                }
            },
            (outcome, fatal) => {
                transaction.abort().await;
                let error = match outcome {
                    Err(error) => error,
                    Ok(_) => DatabaseError::Doomed(fatal.unwrap_or_else(|| "a transient error".to_owned())).into(),
                };
                let again = transient || error.is_transient();
                Err(if again { End::Again(error) } else { End::Over(error) })
            }
        }
    }

    /// Begins a transaction that the caller ends, with snapshot reads and majority writes.
    ///
    /// # Errors
    /// The database's, where there is none to begin it on.
    pub async fn begin(&self) -> Result<Transaction, DatabaseError> {
        let mut session = self.client().start_session().await?;
        session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(WriteConcern::majority())
            .await?;
        Ok(Transaction::new(session))
    }
}

impl Transaction {
    /// Commits. A commit whose outcome is unknown is sent again, at most [`limits::COMMIT_ATTEMPTS`] times.
    ///
    /// # Errors
    /// The database's; nothing that the transaction wrote remains, unless the error says that nobody knows.
    pub async fn commit(&self) -> Result<(), DatabaseError> {
        let mut session = self.session().await;
        let mut attempt = 1;
        let outcome = loop {
            match session.commit_transaction().await {
                Err(error)
                    if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) && attempt < limits::COMMIT_ATTEMPTS =>
                {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                outcome => break outcome,
            }
        };
        seal(&mut session).await;
        Ok(outcome?)
    }

    /// Aborts: nothing that the transaction wrote remains.
    pub async fn abort(&self) {
        let mut session = self.session().await;
        // The server ends an abandoned transaction anyway; there is nobody to tell.
        if let Err(error) = session.abort_transaction().await {
            tracing::debug!(%error, "abort failed");
        }
        seal(&mut session).await;
    }
}

/// A handle that outlives the transaction must not write outside it. So the session is left at the beginning of
/// another transaction, which nobody will commit. That costs nothing: it begins on the server with its first operation.
async fn seal(session: &mut mongodb::ClientSession) {
    if let Err(error) = session.start_transaction().await {
        tracing::debug!(%error, "cannot seal a finished transaction");
    }
}

/// Full jitter: those who collided do not collide again.
fn pause(attempt: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
    rand::rng().random_range(Duration::ZERO..=ceiling)
}
