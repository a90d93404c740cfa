//! Asking the log.

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::change_stream::event::ChangeStreamEvent;
use usher_contract::limits;
use usher_database::DatabaseError;

use crate::entry::{Entry, Kind};
use crate::{COLLECTION, Logs};

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

    /// Entries that match, as they are written from now on. Ends with an error where the database cannot be followed any
    /// more.
    ///
    /// # Errors
    /// The database's.
    pub async fn follow(
        &self,
        query: &Query,
    ) -> Result<BoxStream<'static, Result<Entry, DatabaseError>>, DatabaseError> {
        let mut matching = query.filter("fullDocument.");
        matching.insert("operationType", "insert");
        let system = self.database.system();
        let changes = system.collection::<Entry>(COLLECTION).watch().pipeline([doc! {"$match": matching}]).await?;
        let entries = changes.filter_map(|event: Result<ChangeStreamEvent<Entry>, _>| async move {
            event.map_err(DatabaseError::from).map(|event| event.full_document).transpose()
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
