//! The queue of one trigger, as the holder of its lease may change it. Every write names the lease's epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, RawDocumentBuf, doc};
use futures::TryStreamExt as _;
use mongodb::error::ErrorKind;
use mongodb::options::ReturnDocument;
use serde::Deserialize;
use usher_contract::limits;
use usher_database::Place;

use crate::document::{Delivery, Position, State, Store, last_days};
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
    /// The deliveries below this number are in the queue.
    written: Arc<AtomicI64>,
}

/// An event that is to be written down.
pub(crate) struct Event {
    pub(crate) key: String,
    /// BSON.
    pub(crate) argument: Option<Vec<u8>>,
    /// Why no function can be called for it; it is set aside at once.
    pub(crate) unfit: Option<String>,
}

/// How far the source has come with it.
#[derive(Clone)]
pub(crate) struct Progress {
    /// What is followed: where another deployment follows something else, this place is not written over its own.
    pub(crate) subject: String,
    pub(crate) place: Option<Place>,
    pub(crate) time: DateTime,
    /// Whether it is the first since the trigger was switched on again. Later ones leave alone what says that it is off:
    /// whoever deployed that may have been quicker than whoever runs it hears.
    pub(crate) resumes: bool,
}

impl Progress {
    fn update(&self) -> Result<Document, TriggerError> {
        let mut document = doc! {"time": self.time};
        if self.resumes {
            document.insert("paused", false);
        }
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
    /// How many of the last ones have not ended, this one included.
    pub(crate) unfinished: i32,
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
            written: Arc::default(),
        };
        let older = doc! {"_id": &queue.id, "epoch": {"$lte": epoch}};
        let fence = doc! {"$set": {"epoch": epoch}};
        let found = store.positions.find_one_and_update(older, fence).await?.ok_or(TriggerError::Superseded)?;
        queue.finish(&found).await?;
        queue.inherit(found.inherited).await?;
        Ok((queue, found))
    }

    /// Makes what waits this holder's own. What bears an epoch before the last `inherited` came too late for the holder
    /// of then: a host that had been frozen wrote it, and it was delivered from the position's batch already.
    async fn inherit(&self, inherited: i64) -> Result<(), TriggerError> {
        let deliveries = &self.store.deliveries;
        let late = doc! {
            "trigger": &self.id, "state": "waiting", "epoch": {"$lt": inherited}, "replayed": {"$ne": true},
        };
        deliveries.delete_many(late).await?;
        let waiting = doc! {"trigger": &self.id, "state": "waiting", "epoch": {"$lt": self.epoch}};
        deliveries.update_many(waiting, doc! {"$set": {"epoch": self.epoch}}).await?;
        self.note(doc! {"inherited": self.epoch}).await
    }

    /// The position to go on from, after whatever an interrupted [`append`](Self::append) left to do.
    pub(crate) async fn resume(&self) -> Result<Position, TriggerError> {
        let position = self.position().await?;
        self.finish(&position).await?;
        Ok(position)
    }

    async fn position(&self) -> Result<Position, TriggerError> {
        let position = self.store.positions.find_one(self.ours()).await?;
        position.ok_or(TriggerError::Superseded)
    }

    fn ours(&self) -> Document {
        doc! {"_id": &self.id, "epoch": self.epoch}
    }

    /// Writes events down and moves the position with them, all or nothing, in one write: the position itself holds them
    /// until they are in the queue. A transaction would do, were it not that one whose host has died keeps what it wrote
    /// locked for a minute.
    pub(crate) async fn append(&self, events: Vec<Event>, progress: &Progress) -> Result<(), TriggerError> {
        let next = self.written.load(Ordering::Acquire);
        let deliveries: Vec<Delivery> = (next..).zip(events).map(|(n, event)| self.delivery(n, event)).collect();
        let after = next.saturating_add(i64::try_from(deliveries.len()).unwrap_or(i64::MAX));
        let mut step = progress.update()?;
        if let Ok(set) = step.get_document_mut("$set") {
            set.insert("next", after);
            set.insert("batch", bson::serialize_to_bson(&deliveries).map_err(mongodb::error::Error::custom)?);
        }
        let mut ours = self.ours();
        ours.extend(doc! {"subject": &progress.subject, "next": next});
        self.write_position(ours, step).await?;
        self.enqueue(deliveries, after).await
    }

    /// Does what is left of an append that got as far as the position.
    async fn finish(&self, position: &Position) -> Result<(), TriggerError> {
        match &position.batch {
            Some(batch) => {
                let batch = batch.iter().map(|delivery| Delivery { epoch: self.epoch, ..delivery.clone() });
                self.enqueue(batch.collect(), position.next).await
            }
            None => {
                self.written.store(position.next, Ordering::Release);
                Ok(())
            }
        }
    }

    /// Moves a batch from the position to the queue, where the runner sees it only when the position is rid of it: until
    /// then nothing of it has been delivered, and doing this again changes nothing.
    async fn enqueue(&self, batch: Vec<Delivery>, after: i64) -> Result<(), TriggerError> {
        match self.store.deliveries.insert_many(&batch).ordered(false).await {
            Err(error) if !all_there(&error) => return Err(error.into()),
            _ => {}
        }
        let mut ours = self.ours();
        ours.insert("next", after);
        self.write_position(ours, doc! {"$unset": {"batch": ""}}).await?;
        self.written.store(after, Ordering::Release);
        Ok(())
    }

    /// Moves the position where nothing happened.
    pub(crate) async fn advance(&self, progress: &Progress) -> Result<(), TriggerError> {
        let mut ours = self.ours();
        // Should it arrive late, after an append, it would move the position back.
        ours.extend(doc! {"subject": &progress.subject, "next": self.written.load(Ordering::Acquire)});
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

    /// Notes for an operator that something failed.
    pub(crate) async fn failed(&self, failure: &str) -> Result<(), TriggerError> {
        self.note(doc! {"failed": DateTime::now(), "failure": limits::log_line(failure)}).await
    }

    /// Notes what an operator should see.
    pub(crate) async fn note(&self, fields: Document) -> Result<(), TriggerError> {
        self.write_position(self.ours(), doc! {"$set": fields}).await
    }

    fn delivery(&self, n: i64, event: Event) -> Delivery {
        let bytes = |bytes| Binary { subtype: BinarySubtype::Generic, bytes };
        let mut delivery = Delivery {
            id: ObjectId::new(),
            app: self.app.clone(),
            trigger: self.id.clone(),
            n,
            epoch: self.epoch,
            key: event.key,
            state: State::Waiting,
            event: event.argument.map(bytes),
            created: DateTime::now(),
            attempts: 0,
            failures: 0,
            unfinished: 0,
            replayed: false,
            unfit: false,
            due: None,
            error: None,
            died: None,
            expires: None,
        };
        if let Some(reason) = event.unfit {
            delivery.refuse(reason);
        }
        delivery
    }

    /// The first deliveries of other keys than these, in order, with their sizes. The second value says whether there
    /// may be more.
    pub(crate) async fn fetch(&self, not: Vec<String>) -> Result<(Vec<(Delivery, usize)>, bool), TriggerError> {
        let written = self.written.load(Ordering::Acquire);
        let waiting = doc! {"trigger": &self.id, "state": "waiting", "n": {"$lt": written}, "key": {"$nin": not}};
        let most = i64::try_from(limits::TRIGGER_BUFFER_EVENTS / 4).unwrap_or(i64::MAX);
        let deliveries = self.store.deliveries.clone_with_type::<RawDocumentBuf>();
        let mut cursor = deliveries.find(waiting).sort(doc! {"n": 1}).limit(most).await?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(raw) = cursor.try_next().await? {
            let size = raw.as_bytes().len();
            let delivery: Delivery =
                bson::deserialize_from_slice(raw.as_bytes()).map_err(mongodb::error::Error::custom)?;
            if delivery.epoch > self.epoch {
                return Err(TriggerError::Superseded);
            }
            if delivery.epoch != self.epoch && !self.take(&delivery).await? {
                continue;
            }
            found.push((delivery, size));
            bytes += size;
            if bytes > limits::TRIGGER_BUFFER_BYTES / 2 {
                break;
            }
        }
        let more = bytes > limits::TRIGGER_BUFFER_BYTES / 2 || found.len() >= limits::TRIGGER_BUFFER_EVENTS / 4;
        Ok((found, more))
    }

    /// Whether a delivery of an earlier epoch is to be made. One that an operator has put back is. Those of an earlier
    /// holder were taken over at once, so another that comes later was written by a host that had been frozen, and has
    /// been delivered already.
    async fn take(&self, delivery: &Delivery) -> Result<bool, TriggerError> {
        let this = doc! {"_id": delivery.id, "epoch": delivery.epoch};
        if delivery.replayed {
            let taken = self.store.deliveries.update_one(this, doc! {"$set": {"epoch": self.epoch}}).await?;
            return Ok(taken.matched_count > 0);
        }
        self.store.deliveries.delete_one(this).await?;
        Ok(false)
    }

    /// Notes that an attempt begins; `None` where the delivery need not be made any more.
    pub(crate) async fn begin(&self, delivery: &Delivery) -> Result<Option<Begun>, TriggerError> {
        let deliveries = self.store.deliveries.clone_with_type::<Begun>();
        let begun = deliveries
            .find_one_and_update(self.waiting(delivery), doc! {"$inc": {"attempts": 1, "unfinished": 1}})
            .projection(doc! {"attempts": 1, "failures": 1, "unfinished": 1})
            .return_document(ReturnDocument::After)
            .await?;
        if begun.is_none() {
            // Discarded by an operator, or no longer ours.
            self.position().await?;
        }
        Ok(begun)
    }

    /// Notes that nothing came of an attempt, for want of a sandbox.
    pub(crate) async fn put_off(&self, delivery: &Delivery) -> Result<(), TriggerError> {
        let not_begun = doc! {"$inc": {"attempts": -1, "unfinished": -1}};
        self.store.deliveries.update_one(self.waiting(delivery), not_begun).await?;
        Ok(())
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
                let update = doc! {"$set": {"error": error, "due": due, "unfinished": 0}, "$inc": {"failures": 1}};
                deliveries.update_one(ours, update).await?;
            }
            Settled::Dead { error } => {
                let (died, expires) = last_days();
                let dead = doc! {"state": "dead", "error": error, "died": died, "expires": expires};
                deliveries
                    .update_one(ours, doc! {"$set": dead, "$inc": {"failures": 1}, "$unset": {"due": ""}})
                    .await?;
            }
        }
        Ok(())
    }
}

/// Whether the only trouble with an insertion was that documents were there already.
fn all_there(error: &mongodb::error::Error) -> bool {
    const DUPLICATE_KEY: i32 = 11_000;
    match error.kind.as_ref() {
        ErrorKind::InsertMany(error) => {
            let errors = error.write_errors.as_deref().unwrap_or_default();
            error.write_concern_error.is_none()
                && !errors.is_empty()
                && errors.iter().all(|error| error.code == DUPLICATE_KEY)
        }
        _ => false,
    }
}
