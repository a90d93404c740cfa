//! The documents in the system database.

use bson::oid::ObjectId;
use bson::{Binary, DateTime, Document, doc};
use futures::future::try_join_all;
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use usher_contract::limits;
use usher_database::{Database, Place, index};

use crate::error::TriggerError;

/// A trigger of an app: `app/trigger`. No app id holds a slash.
pub(crate) fn id(app: &str, trigger: &str) -> String {
    format!("{app}/{trigger}")
}

/// The right of one host to run one trigger. Renewing it touches nothing else, so it never waits for work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// `app/trigger`.
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// The process that holds it; `None` when it was given back.
    pub(crate) host: Option<String>,
    /// Grows whenever it is taken. Whoever acts under a lower one is too late.
    pub(crate) epoch: i64,
    /// Grows whenever it is renewed.
    pub(crate) beat: i64,
    /// When it was, by the database's clock. For people: nothing is decided by it.
    pub(crate) renewed: DateTime,
}

/// How far a trigger has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// `app/trigger`.
    #[serde(rename = "_id")]
    pub(crate) id: String,
    pub(crate) app: String,
    pub(crate) trigger: String,
    /// The epoch of the lease that may move it.
    pub(crate) epoch: i64,
    /// The epoch of the last holder that made everything its own that waited. What bears an earlier one was written by a
    /// host that had been frozen.
    #[serde(default)]
    pub(crate) inherited: i64,
    /// The number of the next delivery.
    pub(crate) next: i64,
    /// What is followed, in words: another one has other places.
    pub(crate) subject: String,
    /// Deliveries that are on their way into the queue; see [`crate::queue::Queue::append`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<Vec<Delivery>>,
    /// Where to go on; absent for triggers of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
    /// Everything up to then is written down: by the host's clock, for triggers of the clock the last time due.
    pub(crate) time: DateTime,
    /// Whether the trigger was switched off or taken out of the app since.
    #[serde(default)]
    pub(crate) paused: bool,
    /// Why it stands still, where somebody has to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) halted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) succeeded: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

/// One event on its way to a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    pub(crate) app: String,
    /// `app/trigger`.
    pub(crate) trigger: String,
    /// Counts the deliveries of the trigger, in the order of what happened.
    pub(crate) n: i64,
    /// The epoch of the lease that it was last written under.
    pub(crate) epoch: i64,
    /// Deliveries of one key happen one after the other.
    pub(crate) key: String,
    pub(crate) state: State,
    /// The function's argument as BSON; without it, the function gets none. In bytes, so that neither its names nor its
    /// depth, which are not ours, keep it from being written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Binary>,
    pub(crate) created: DateTime,
    /// How often the function was called for it.
    pub(crate) attempts: i32,
    /// How often that failed: a host that dies is not the function's failure.
    pub(crate) failures: i32,
    /// How often, one after the other, the function was called and neither it nor its host came back.
    #[serde(default)]
    pub(crate) unfinished: i32,
    /// Whether an operator has put it back. What bears an earlier epoch without this was written by a host that had been
    /// frozen.
    #[serde(default)]
    pub(crate) replayed: bool,
    /// Whether the event is there in parts only, so that no function may be given it.
    #[serde(default)]
    pub(crate) unfit: bool,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<DateTime>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// When it was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) died: Option<DateTime>,
    /// When it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<DateTime>,
}

impl Delivery {
    /// The function's argument.
    pub(crate) fn argument(&self) -> Result<Option<Document>, bson::error::Error> {
        self.event.as_ref().map(|event| bson::deserialize_from_slice(&event.bytes)).transpose()
    }

    /// Sets an event aside that cannot be handed over whole.
    pub(crate) fn refuse(&mut self, reason: String) {
        let (died, expires) = last_days();
        (self.state, self.unfit) = (State::Dead, true);
        (self.error, self.died, self.expires) = (Some(reason), Some(died), Some(expires));
    }
}

/// Now, and when what is set aside now is forgotten.
pub(crate) fn last_days() -> (DateTime, DateTime) {
    let now = DateTime::now();
    let kept = i64::try_from(limits::TRIGGER_DEAD_RETENTION.as_millis()).unwrap_or(i64::MAX);
    (now, DateTime::from_millis(now.timestamp_millis().saturating_add(kept)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// To be delivered.
    Waiting,
    /// Set aside.
    Dead,
}

/// The collections.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) database: Database,
    pub(crate) leases: Collection<Lease>,
    pub(crate) positions: Collection<Position>,
    pub(crate) deliveries: Collection<Delivery>,
}

impl Store {
    pub(crate) async fn open(database: Database) -> Result<Self, TriggerError> {
        let system = database.system();
        let names = ["leases", "trigger_positions", "deliveries", "events"];
        try_join_all(names.map(|name| database.ensure_collection(system.name(), name))).await?;
        let store = Self {
            leases: system.collection(names[0]),
            positions: system.collection(names[1]),
            deliveries: system.collection(names[2]),
            database,
        };
        let indexes = [
            index::unique(doc! {"trigger": 1, "n": 1}),
            // With the key, so that what waits behind a failure is passed over without being read.
            index::plain(doc! {"trigger": 1, "state": 1, "n": 1, "key": 1}),
            index::expiring("expires"),
        ];
        store.database.ensure_indexes(&store.deliveries, indexes).await?;
        Ok(store)
    }
}
