//! Triggers: functions that run by themselves (reference 2.2).

use bson::Document;

/// One trigger of `triggers/<name>.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Unique in the app.
    pub name: String,
    /// The function that it runs, as the system.
    pub function: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// When it runs.
    pub occasion: Occasion,
}

/// When a trigger runs.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "an app has few triggers, and they are not moved about")]
pub enum Occasion {
    /// Something happened to a user.
    Authentication(AuthenticationTrigger),
    /// A document changed.
    Database(DatabaseTrigger),
    /// It is time.
    Scheduled(ScheduledTrigger),
}

/// Something happened to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationTrigger {
    /// `CREATE`, `LOGIN`, `DELETE`, in upper case.
    pub operations: Vec<String>,
    /// The providers that it is about; empty for all.
    pub providers: Vec<String>,
}

/// A document changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DatabaseTrigger {
    /// The data source.
    pub data_source: String,
    /// The database; `None` for every one that is an app's.
    pub database: Option<String>,
    /// The collection; `None` for every collection of the database.
    pub collection: Option<String>,
    /// `INSERT`, `DROP_COLLECTION` and so on, as App Services or MongoDB names them, in upper case; empty for all.
    pub operations: Vec<String>,
    /// A query that the change event must match.
    pub filter: Option<Document>,
    /// A projection of the change event.
    pub project: Option<Document>,
    /// Whether an update event carries the whole document as it is now.
    pub full_document: bool,
    /// Whether events carry the document as it was before.
    pub full_document_before_change: bool,
    /// Whether events may run out of order; otherwise those of one document run one after the other.
    pub unordered: bool,
    /// Whether to forget what happened while the trigger was switched off, or nobody listened.
    pub skip_catchup_events: bool,
    /// Whether to begin with the present where the place it stopped at is too old to resume from.
    pub tolerate_resume_errors: bool,
}

/// It is time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledTrigger {
    /// A cron expression of five fields, in UTC.
    pub schedule: String,
    /// Whether to forget the times that passed while nobody was there.
    pub skip_catchup_events: bool,
}
