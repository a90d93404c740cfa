//! The log of an app, kept in MongoDB (reference 7.5): one entry for each call, login and trigger that is worth one, with
//! the request's id as `co_id`.
//!
//! [`Logs::record`] puts an entry into a queue and never waits; one task writes what is queued in batches. Where the
//! database is slower than the host, calls that went well and said nothing are left out first, and counted.

mod entry;
mod query;
mod queue;
mod writer;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bson::doc;
use mongodb::Collection;
use tokio::task::JoinHandle;
use usher_contract::limits;
use usher_database::{Database, DatabaseError, index};

pub use entry::{AuthEvent, Entry, Kind, Line};
pub use query::Query;

use queue::Queue;

/// The log of every app of this host.
pub struct Logs {
    database: Database,
    collection: Collection<Entry>,
    level: LogLevel,
    queue: Queue,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Which entries are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Those that say something: failures, calls that wrote a line, logins, triggers, endpoints.
    #[default]
    Noteworthy,
    /// Every call, too. A host serves more calls in a second than a database takes inserts.
    All,
}

/// How the log is kept.
#[derive(Debug, Clone, Copy)]
pub struct LogOptions {
    /// How long an entry is kept; a change holds for new entries.
    pub retention: Duration,
    /// Which entries are kept.
    pub level: LogLevel,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { retention: limits::LOG_RETENTION, level: LogLevel::default() }
    }
}

impl Logs {
    /// Makes the collection and its indexes where they are missing, and begins to write.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(database: &Database, options: LogOptions) -> Result<Self, DatabaseError> {
        let system = database.system();
        database.ensure_collection(system.name(), COLLECTION).await?;
        let collection: Collection<Entry> = system.collection(COLLECTION);
        let indexes = [
            index::plain(doc! {"app": 1, "started": -1, "_id": -1}),
            index::plain(doc! {"co_id": 1}),
            index::expiring("expires_at"),
        ];
        database.ensure_indexes(&collection, indexes).await?;
        let (queue, queued) = queue::queue();
        let writer = tokio::spawn(writer::write(collection.clone(), queued, options.retention));
        Ok(Self {
            database: database.clone(),
            collection,
            level: options.level,
            queue,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Whether an entry that says nothing is kept as well. Whoever makes entries need not make those that are not.
    pub fn keeps_all(&self) -> bool {
        self.level == LogLevel::All
    }

    /// Keeps an entry, unless it says nothing and only those that do are kept. Never waits: what finds no room is counted,
    /// and the count is an entry of its own.
    pub fn record(&self, mut entry: Entry) {
        if self.keeps_all() || entry.is_noteworthy() {
            entry.cut();
            self.queue.push(entry);
        }
    }

    /// Writes what is queued and ends; entries recorded later are lost. To be called when nothing runs any more.
    pub async fn stop(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && tokio::time::timeout(limits::LOG_FLUSH, writer).await.is_err()
        {
            tracing::warn!("the last entries of the log were not written in time");
        }
    }
}

/// The collection in the system database.
const COLLECTION: &str = "logs";
