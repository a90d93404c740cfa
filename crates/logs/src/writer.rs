//! The task that writes entries.

use std::time::Duration;

use bson::{DateTime, doc};
use mongodb::Collection;
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::entry::{Entry, Kind, Line};
use crate::queue::Queued;

/// Pause before a batch is sent again; it grows with each attempt.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn write(collection: Collection<Entry>, mut queued: Queued, retention: Duration) {
    let mut batch = Vec::new();
    while queued.take(&mut batch, limits::LOG_BATCH).await {
        let lost = queued.counts.take_lost();
        if lost > 0 {
            batch.push(about_lost(lost));
        }
        if batch.is_empty() {
            continue;
        }
        let now = DateTime::now().timestamp_millis();
        let expires = now.saturating_add(i64::try_from(retention.as_millis()).unwrap_or(i64::MAX));
        for entry in &mut batch {
            entry.expires_at = Some(DateTime::from_millis(expires));
        }
        if !send(&collection, &batch).await {
            queued.counts.lose(batch.len());
        }
        batch.clear();
    }
}

/// Sends a batch, a few times where the database does not take it.
async fn send(collection: &Collection<Entry>, batch: &[Entry]) -> bool {
    for attempt in 1..=limits::LOG_ATTEMPTS {
        match collection.insert_many(batch).ordered(false).comment(doc! {"usher": "log"}).await {
            Ok(_) => return true,
            // A batch whose first sending did arrive.
            Err(error) if is_duplicate_key(&error) => return true,
            Err(error) => tracing::warn!(%error, entries = batch.len(), attempt, "the log could not be written"),
        }
        tokio::time::sleep(PAUSE * attempt).await;
    }
    false
}

/// The log says what it does not say.
fn about_lost(lost: u64) -> Entry {
    tracing::warn!(lost, "entries of the log were not kept: the database is slower than the host");
    let text = format!("{lost} entries before this one were not kept: the database was slower than the host");
    let mut entry = Entry::begin("", "", Kind::Log);
    entry.messages.push(Line { level: "warn".to_owned(), text });
    entry
}
