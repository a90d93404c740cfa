//! The queue of one trigger, as the holder of its lease may change it. Every write names the lease's epoch.

use bson::oid::ObjectId;
use bson::{DateTime, Document, RawDocumentBuf, doc};
use futures::TryStreamExt as _;
use mongodb::options::ReturnDocument;
use serde::Deserialize;
use usher_contract::limits;
use usher_database::Place;

use crate::document::{Delivery, Position, State, Store};
use crate::error::TriggerError;
use crate::plan::Plan;

/// The queue of one trigger.
#[derive(Clone)]
pub(crate) struct Queue {
    store: Store,
    pub(crate) id: String,
    pub(crate) app: String,
    pub(crate) trigger: String,
    pub(crate) epoch: i64,
}

/// An event that is to be written down.
pub(crate) struct Event {
    pub(crate) key: String,
    pub(crate) argument: Option<Document>,
}

/// How far the source has come with it.
#[derive(Clone)]
pub(crate) struct Progress {
    /// What is followed: where another deployment follows something else, this place is not written over its own.
    pub(crate) subject: String,
    pub(crate) place: Option<Place>,
    pub(crate) time: DateTime,
}

impl Progress {
    fn update(&self) -> Result<Document, TriggerError> {
        let mut document = doc! {"time": self.time, "paused": false};
        if let Some(place) = &self.place {
            let place = bson::serialize_to_bson(place).map_err(mongodb::error::Error::custom)?;
            document.insert("place", place);
        }
        Ok(doc! {"$set": document, "$unset": {"halted": ""}})
    }
}

/// How often a delivery has been attempted.
#[derive(Deserialize)]
pub(crate) struct Begun {
    /// This attempt included.
    pub(crate) attempts: i32,
    /// How many of the earlier ones failed.
    pub(crate) failures: u32,
}

/// What became of a delivery.
pub(crate) enum Settled {
    /// Its function succeeded.
    Done,
    /// It failed; another attempt follows.
    Again { error: String, due: DateTime },
    /// It failed too often.
    Dead { error: String },
}

impl Queue {
    /// Makes every write under an earlier epoch fail from now on. Gives the position as it was found.
    pub(crate) async fn open(store: &Store, plan: &Plan, epoch: i64) -> Result<(Self, Position), TriggerError> {
        let queue = Self {
            store: store.clone(),
            id: plan.id.clone(),
            app: plan.app.clone(),
            trigger: plan.trigger.name.clone(),
            epoch,
        };
        let older = doc! {"_id": &queue.id, "epoch": {"$lte": epoch}};
        let position = store
            .positions
            .find_one_and_update(older, doc! {"$set": {"epoch": epoch}})
            .await?
            .ok_or(TriggerError::Superseded)?;
        queue.adopt().await?;
        Ok((queue, position))
    }

    /// What waits under earlier epochs waits under ours.
    async fn adopt(&self) -> Result<(), TriggerError> {
        let older = doc! {"trigger": &self.id, "state": "waiting", "epoch": {"$lt": self.epoch}};
        self.store.deliveries.update_many(older, doc! {"$set": {"epoch": self.epoch}}).await?;
        Ok(())
    }

    pub(crate) async fn position(&self) -> Result<Position, TriggerError> {
        let position = self.store.positions.find_one(self.ours()).await?;
        position.ok_or(TriggerError::Superseded)
    }

    fn ours(&self) -> Document {
        doc! {"_id": &self.id, "epoch": self.epoch}
    }

    /// Writes events down and moves the position with them, all or nothing.
    pub(crate) async fn append(&self, events: Vec<Event>, progress: &Progress) -> Result<(), TriggerError> {
        let mut step = progress.update()?;
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        step.insert("$inc", doc! {"next": count});
        let mut ours = self.ours();
        ours.insert("subject", &progress.subject);
        let (ours, step, events, store) = (&ours, &step, &events, &self.store);
        store
            .database
            .transaction(|transaction| async move {
                let mut session = transaction.session().await;
                let moved = store.positions.find_one_and_update(ours.clone(), step.clone());
                let position = moved.session(&mut *session).await?;
                let position = position.ok_or(TriggerError::Superseded)?;
                let deliveries = (position.next..).zip(events).map(|(n, event)| self.delivery(n, event));
                store.deliveries.insert_many(deliveries).session(&mut *session).await?;
                Ok(())
            })
            .await
    }

    /// Moves the position where nothing happened.
    pub(crate) async fn advance(&self, progress: &Progress) -> Result<(), TriggerError> {
        let mut ours = self.ours();
        ours.insert("subject", &progress.subject);
        self.write_position(ours, progress.update()?).await
    }

    async fn write_position(&self, ours: Document, update: Document) -> Result<(), TriggerError> {
        let written = self.store.positions.update_one(ours, update).await?;
        if written.matched_count == 0 { Err(TriggerError::Superseded) } else { Ok(()) }
    }

    /// Says why the trigger stands still.
    pub(crate) async fn halt(&self, reason: &str) -> Result<(), TriggerError> {
        self.write_position(self.ours(), doc! {"$set": {"halted": reason}}).await
    }

    /// Notes what an operator should see.
    pub(crate) async fn note(&self, fields: Document) -> Result<(), TriggerError> {
        self.write_position(self.ours(), doc! {"$set": fields}).await
    }

    fn delivery(&self, n: i64, event: &Event) -> Delivery {
        Delivery {
            id: ObjectId::new(),
            app: self.app.clone(),
            trigger: self.id.clone(),
            n,
            epoch: self.epoch,
            key: event.key.clone(),
            state: State::Waiting,
            event: event.argument.clone(),
            created: DateTime::now(),
            attempts: 0,
            failures: 0,
            due: None,
            error: None,
            died: None,
            expires: None,
        }
    }

    /// The first deliveries of other keys than these, in order, with their sizes. The second value says whether there
    /// may be more.
    pub(crate) async fn fetch(&self, not: Vec<String>) -> Result<(Vec<(Delivery, usize)>, bool), TriggerError> {
        let waiting = doc! {"trigger": &self.id, "state": "waiting", "key": {"$nin": not}};
        let most = i64::try_from(limits::TRIGGER_BUFFER_EVENTS / 4).unwrap_or(i64::MAX);
        let deliveries = self.store.deliveries.clone_with_type::<RawDocumentBuf>();
        let mut cursor = deliveries.find(waiting).sort(doc! {"n": 1}).limit(most).await?;
        let (mut found, mut bytes, mut foreign) = (Vec::new(), 0, false);
        while let Some(raw) = cursor.try_next().await? {
            let size = raw.as_bytes().len();
            let delivery: Delivery =
                bson::deserialize_from_slice(raw.as_bytes()).map_err(mongodb::error::Error::custom)?;
            if delivery.epoch > self.epoch {
                return Err(TriggerError::Superseded);
            }
            // An operator has put it back since.
            foreign |= delivery.epoch < self.epoch;
            found.push((delivery, size));
            bytes += size;
            if bytes > limits::TRIGGER_BUFFER_BYTES / 2 {
                break;
            }
        }
        if foreign {
            self.adopt().await?;
        }
        let more = bytes > limits::TRIGGER_BUFFER_BYTES / 2 || found.len() >= limits::TRIGGER_BUFFER_EVENTS / 4;
        Ok((found, more))
    }

    /// Notes that an attempt begins; `None` where the delivery need not be made any more.
    pub(crate) async fn begin(&self, delivery: &Delivery) -> Result<Option<Begun>, TriggerError> {
        let deliveries = self.store.deliveries.clone_with_type::<Begun>();
        let begun = deliveries
            .find_one_and_update(self.waiting(delivery), doc! {"$inc": {"attempts": 1}})
            .projection(doc! {"attempts": 1, "failures": 1})
            .return_document(ReturnDocument::After)
            .await?;
        if begun.is_none() {
            // Discarded by an operator, or no longer ours.
            self.position().await?;
        }
        Ok(begun)
    }

    fn waiting(&self, delivery: &Delivery) -> Document {
        doc! {"_id": delivery.id, "epoch": self.epoch, "state": "waiting"}
    }

    /// Writes down what became of an attempt.
    pub(crate) async fn settle(&self, delivery: &Delivery, settled: &Settled) -> Result<(), TriggerError> {
        let (ours, deliveries) = (self.waiting(delivery), &self.store.deliveries);
        match settled {
            Settled::Done => {
                deliveries.delete_one(ours).await?;
            }
            Settled::Again { error, due } => {
                let update = doc! {"$set": {"error": error, "due": due}, "$inc": {"failures": 1}};
                deliveries.update_one(ours, update).await?;
            }
            Settled::Dead { error } => {
                let now = DateTime::now();
                let kept = i64::try_from(limits::TRIGGER_DEAD_RETENTION.as_millis()).unwrap_or(i64::MAX);
                let expires = DateTime::from_millis(now.timestamp_millis().saturating_add(kept));
                let dead = doc! {"state": "dead", "error": error, "died": now, "expires": expires};
                deliveries
                    .update_one(ours, doc! {"$set": dead, "$inc": {"failures": 1}, "$unset": {"due": ""}})
                    .await?;
            }
        }
        Ok(())
    }
}
