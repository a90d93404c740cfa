//! Collections and indexes, made where they are missing.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::IndexOptions;
use mongodb::{Collection, IndexModel};

use crate::connect::Database;
use crate::error::DatabaseError;

/// An index for lookups.
pub fn plain(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

/// An index that admits each combination of values once.
pub fn unique(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).options(IndexOptions::builder().unique(true).build()).build()
}

/// An index that lets MongoDB remove documents when the time in `field` has passed.
pub fn expiring(field: &str) -> IndexModel {
    IndexModel::builder()
        .keys(doc! {field: 1})
        .options(IndexOptions::builder().expire_after(Duration::ZERO).build())
        .build()
}

impl Database {
    /// Makes the indexes that do not exist yet.
    ///
    /// # Errors
    /// The driver's, for instance where an index of the same keys and other options exists.
    pub async fn ensure_indexes<T: Send + Sync>(
        &self,
        collection: &Collection<T>,
        indexes: impl IntoIterator<Item = IndexModel>,
    ) -> Result<(), DatabaseError> {
        collection.create_indexes(indexes).await?;
        Ok(())
    }

    /// Makes the collection if it does not exist yet: some servers refuse to make one inside a transaction.
    ///
    /// # Errors
    /// The driver's.
    pub async fn ensure_collection(&self, database: &str, collection: &str) -> Result<(), DatabaseError> {
        const NAMESPACE_EXISTS: i32 = 48;
        match self.client().database(database).create_collection(collection).await {
            Err(error) if matches!(error.kind.as_ref(), ErrorKind::Command(e) if e.code == NAMESPACE_EXISTS) => Ok(()),
            outcome => Ok(outcome?),
        }
    }
}
