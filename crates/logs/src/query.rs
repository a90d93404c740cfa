//! Asking the log.

use std::time::Duration;

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::error::Error;
use tokio::time::timeout;
use usher_contract::limits;
use usher_database::{Changes, ChangesError, DatabaseError, Following, Since, Step, Watched};

use crate::entry::{Entry, Kind};
use crate::{COLLECTION, Logs};

/// How long a database that is followed may say nothing at all before it is told: it says something every second
/// ([`limits::STREAM_AWAIT`]).
const SILENCE: Duration = Duration::from_secs(10);

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Of this app.
    pub app: String,
    /// Of this request.
    pub co_id: Option<String>,
    /// Failures alone, or successes alone.
    pub failed: Option<bool>,
    /// Of this user.
    pub user: Option<String>,
    /// Of this function.
    pub function: Option<String>,
    /// Of these kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// After this time.
    pub after: Option<DateTime>,
    /// Until this time, itself included.
    pub until: Option<DateTime>,
    /// How many of the newest to leave out.
    pub skip: u32,
    /// How many at most; zero for as many as an answer may hold.
    pub limit: i64,
}

impl Query {
    /// How many entries one answer holds.
    pub fn page(&self) -> i64 {
        if self.limit == 0 { limits::LOG_PAGE } else { self.limit.clamp(1, limits::LOG_PAGE) }
    }

    fn filter(&self, prefix: &str) -> Document {
        let at = |field: &str| format!("{prefix}{field}");
        // What the log says of itself is every app's.
        let mut filter = doc! {at("app"): {"$in": [&self.app, ""]}};
        let mut is = |field: &str, value: &Option<String>| {
            if let Some(value) = value {
                filter.insert(at(field), value);
            }
        };
        is("co_id", &self.co_id);
        is("user_id", &self.user);
        is("function_name", &self.function);
        if let Some(failed) = self.failed {
            filter.insert(at("error"), doc! {"$exists": failed});
        }
        if !self.kinds.is_empty() {
            let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.as_str()).collect();
            filter.insert(at("type"), doc! {"$in": kinds});
        }
        let mut time = Document::new();
        if let Some(after) = self.after {
            time.insert("$gt", after);
        }
        if let Some(until) = self.until {
            time.insert("$lte", until);
        }
        if !time.is_empty() {
            filter.insert(at("started"), time);
        }
        filter
    }
}

impl Logs {
    /// Entries that match, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn query(&self, query: &Query) -> Result<Vec<Entry>, DatabaseError> {
        let found = self.collection.find(query.filter("")).sort(doc! {"started": -1, "_id": -1});
        Ok(found.skip(u64::from(query.skip)).limit(query.page()).await?.try_collect().await?)
    }

    /// Entries that match, as they are written from now on, across restarts of the database. Ends with an error where it
    /// cannot be said any more what was written.
    ///
    /// # Errors
    /// The database's.
    pub async fn follow(
        &self,
        query: &Query,
    ) -> Result<BoxStream<'static, Result<Entry, DatabaseError>>, DatabaseError> {
        let mut matching = query.filter("fullDocument.");
        matching.insert("operationType", "insert");
        let (database, collection) = (self.database.system().name().to_owned(), COLLECTION.to_owned());
        let watched = Watched::Collection { database, collection };
        let present = self.database.present(&watched).await?;
        let mut following = Following::new(watched, Since::After(present));
        following.filter = Some(matching);
        let entries = stream::unfold(Some(self.database.changes(following)), |changes| async move {
            let mut changes = changes?;
            let outcome = next(&mut changes).await;
            let goes_on = outcome.is_ok().then_some(changes);
            Some((outcome, goes_on))
        });
        Ok(entries.boxed())
    }

    /// Entries that match and are there, the oldest first, and then those that are written from now on. None is missed in
    /// between, and none is given twice.
    ///
    /// # Errors
    /// The database's.
    pub async fn tail(&self, query: &Query) -> Result<BoxStream<'static, Result<Entry, DatabaseError>>, DatabaseError> {
        let following = self.follow(query).await?;
        let mut there = self.query(query).await?;
        there.reverse();
        let seen: std::collections::HashSet<ObjectId> = there.iter().map(|entry| entry.id).collect();
        let later = following.filter(move |entry| {
            let new = entry.as_ref().map_or(true, |entry| !seen.contains(&entry.id));
            async move { new }
        });
        Ok(stream::iter(there.into_iter().map(Ok)).chain(later).boxed())
    }
}

async fn next(changes: &mut Changes) -> Result<Entry, DatabaseError> {
    loop {
        let step = match timeout(SILENCE, changes.next()).await {
            Ok(step) => step,
            Err(_) => {
                tracing::warn!("the database does not answer; the log goes on when it does");
                changes.next().await
            }
        };
        match step {
            Ok(Step::Change(change)) => {
                let entry = change.event.get_document("fullDocument").cloned().map_err(Error::custom)?;
                return bson::deserialize_from_document(entry).map_err(|error| Error::from(error).into());
            }
            Ok(Step::Quiet(_)) => {}
            Err(ChangesError::Lost(reason)) => return Err(Error::custom(reason).into()),
            Err(ChangesError::Refused(error)) => return Err(error),
        }
    }
}
