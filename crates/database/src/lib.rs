//! The MongoDB connection: any replica set by URI, or the embedded database as a supervised child process.

mod transaction;

pub use transaction::Transaction;

/// A connection to the deployment that holds both the apps' data and Usher's own state.
#[derive(Clone)]
pub struct Database {
    client: mongodb::Client,
    system: String,
}

/// Something about the database failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The driver's error.
    #[error(transparent)]
    Driver(#[from] mongodb::error::Error),
}

impl Database {
    /// The driver's client.
    pub fn client(&self) -> &mongodb::Client {
        &self.client
    }

    /// The system database, which holds users, sessions and events of all apps.
    pub fn system(&self) -> mongodb::Database {
        self.client.database(&self.system)
    }
}
