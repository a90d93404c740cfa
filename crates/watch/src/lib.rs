//! Change streams for clients (reference 3.7 and 6, `watch`): one for each collection, shared by all its watchers, with
//! the rules of each applied to every event.
//!
//! [`Hub::watch`] gives a [`Subscription`]. What has happened lately is kept once for all watchers of a collection, bounded
//! by number, bytes and age; a watcher is a place in it. One that falls behind what is kept is told so and ends.

mod event;
mod recent;
mod sight;
mod subscription;
mod topic;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bson::{Bson, Document, doc};
use usher_contract::{ErrorCode, Failure, limits};
use usher_database::Database;
use usher_rules::Bound;
use usher_rules::matcher::Query;

pub use subscription::Subscription;

use sight::Sight;
use topic::Topic;

/// A database and a collection.
type Namespace = (String, String);

/// Every collection that somebody watches.
pub struct Hub {
    database: Database,
    topics: Mutex<HashMap<Namespace, Weak<Topic>>>,
}

/// Somebody who watches.
pub struct Watcher {
    /// What they may see.
    pub bound: Bound,
    /// What they want to see of it.
    pub only: Only,
}

/// Which events a watcher wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Only {
    /// All.
    All,
    /// Those about documents with one of these ids.
    Ids(Vec<Bson>),
    /// Those that match a query, such as `{"fullDocument.price": {"$gt": 3}}`.
    Filter(Document),
}

impl Hub {
    /// A hub that nobody uses yet.
    pub fn new(database: Database) -> Arc<Self> {
        Arc::new(Self { database, topics: Mutex::default() })
    }

    /// Watches a collection, which need not exist yet. What changes after this has answered is seen.
    ///
    /// # Errors
    /// [`ErrorCode::FunctionExecutionError`] where the filter is none that the host can decide,
    /// [`ErrorCode::Overloaded`] where too many collections are watched, and [`ErrorCode::MongoDBError`] where the
    /// database cannot be followed.
    pub async fn watch(
        self: &Arc<Self>,
        database: &str,
        collection: &str,
        watcher: Watcher,
    ) -> Result<Subscription, Failure> {
        let wanted = match watcher.only {
            Only::All => None,
            Only::Ids(ids) => Some(query(&doc! {"documentKey._id": {"$in": ids}})?),
            Only::Filter(filter) => Some(query(&filter)?),
        };
        let sight = Sight::new(watcher.bound)?;
        let topic = self.topic((database.to_owned(), collection.to_owned()))?;
        topic.recent.begun().await?;
        Ok(Subscription::new(topic, sight, wanted))
    }

    /// The stream that is followed already, or a new one: a crowd of watchers waits for one to begin.
    fn topic(&self, namespace: Namespace) -> Result<Arc<Topic>, Failure> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get(&namespace).and_then(Weak::upgrade).filter(|topic| topic.goes_on()) {
            return Ok(topic);
        }
        topics.retain(|_, topic| topic.strong_count() > 0);
        let most = limits::WATCHED_COLLECTIONS;
        if topics.len() >= most {
            let message = format!("{most} collections are watched on this host already");
            return Err(Failure::new(ErrorCode::Overloaded, message));
        }
        let topic = Topic::open(self.database.clone(), namespace.clone());
        topics.insert(namespace, Arc::downgrade(&topic));
        Ok(topic)
    }
}

fn query(filter: &Document) -> Result<Query, Failure> {
    Query::compile(filter)
        .map_err(|problem| Failure::new(ErrorCode::FunctionExecutionError, format!("the filter of a watch: {problem}")))
}
