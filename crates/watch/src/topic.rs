//! One collection that somebody watches.

use std::sync::Arc;

use tokio::task::AbortHandle;
use usher_contract::{ErrorCode, Failure};
use usher_database::{ChangesError, Database, Following, Since, Step, Watched};

use crate::Namespace;
use crate::event::Happened;
use crate::recent::Recent;

/// One collection's change stream. It ends with its last watcher.
pub(crate) struct Topic {
    pub(crate) recent: Arc<Recent>,
    reader: AbortHandle,
}

impl Topic {
    /// Begins to follow a collection: whoever wants to know waits for [`Recent::begun`].
    pub(crate) fn open(database: Database, namespace: Namespace) -> Arc<Self> {
        let recent = Arc::new(Recent::new());
        let reader = tokio::spawn(read(database, namespace, recent.clone())).abort_handle();
        Arc::new(Self { recent, reader })
    }

    pub(crate) fn goes_on(&self) -> bool {
        !self.recent.has_ended()
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads what happens. Network errors and elections are waited out below; only history that is lost ends it.
async fn read(database: Database, (name, collection): Namespace, recent: Arc<Recent>) {
    let end = |message| recent.end(Failure::new(ErrorCode::MongoDBError, message));
    let watched = Watched::Collection { database: name.clone(), collection: collection.clone() };
    let present = match database.present(&watched).await {
        Ok(present) => present,
        Err(error) => {
            tracing::warn!(%error, database = name, collection, "a collection cannot be watched");
            return end("the collection cannot be watched just now: try again");
        }
    };
    recent.begin();
    let mut following = Following::new(watched, Since::After(present));
    following.full_document = true;
    following.before_change = true;
    let mut changes = database.changes(following);
    loop {
        match changes.next().await {
            Ok(Step::Change(change)) => recent.push(Happened::read(change.event)),
            Ok(Step::Quiet(_)) => recent.forget(),
            Err(error) => {
                tracing::warn!(%error, database = name, collection, "a collection cannot be watched any further");
                return end(match error {
                    ChangesError::Lost(_) => {
                        "events were missed while the database was away: read the data and watch again"
                    }
                    ChangesError::Refused(_) => "the database cannot be followed any further: watch again",
                });
            }
        }
    }
}
