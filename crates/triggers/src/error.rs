//! What can go wrong with triggers.

use usher_database::{ChangesError, DatabaseError};

/// Why something about triggers failed.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// The database failed or refused.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database does not let a trigger of an app follow what it is about.
    #[error("the trigger \"{name}\" cannot follow what it is about: {error}")]
    Unprepared {
        /// The trigger.
        name: String,
        /// The database's story.
        error: DatabaseError,
    },
    /// Another host holds the trigger now. Whoever meets this stops.
    #[error("another host runs this trigger now")]
    Superseded,
    /// The trigger cannot go on from where it stopped.
    #[error(
        "the trigger stands still, because the place it stopped at is too old to go on from ({0}). Events since then are \
         lost; `usher triggers restart` begins with the present"
    )]
    Lost(String),
    /// A cron expression cannot be read.
    #[error("the schedule \"{schedule}\" is no cron expression: {reason}")]
    Schedule {
        /// As the app has it.
        schedule: String,
        /// The parser's story.
        reason: String,
    },
    /// The app has no such trigger.
    #[error("the app has no trigger \"{name}\"; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// What should be the id of a delivery is none.
    #[error("\"{0}\" is no id of a delivery; `usher triggers dead` shows them")]
    NoId(String),
}

impl From<mongodb::error::Error> for TriggerError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<ChangesError> for TriggerError {
    fn from(error: ChangesError) -> Self {
        match error {
            ChangesError::Lost(reason) => Self::Lost(reason),
            ChangesError::Refused(error) => Self::Database(error),
        }
    }
}
