//! Leases: one host at a time runs a trigger.
//!
//! No clock of one host is compared with that of another, and none with the database's. A holder renews its lease by
//! counting its beat up. Whoever wants the lease watches the beat: when it has stood still for the lease's lifetime by
//! the watcher's own monotonic clock, the holder is gone. The holder counts from the moment before it sent its last
//! renewal, also by its own monotonic clock, and stops a fifth of the lifetime earlier. So all that is assumed is that
//! both clocks run at about the same rate.
//!
//! A host that is frozen for that long and then goes on is the exception: for a moment it does not know that it has lost
//! the lease. The epoch bounds what it can still do: every write of the queue names the epoch that it was made under, so
//! it begins no delivery and settles none. A call that was frozen in the middle may go on until its next host call.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use bson::{DateTime, doc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::Collection;
use mongodb::options::ReturnDocument;
use tokio::time::{Instant, timeout_at};
use usher_database::is_duplicate_key;

use crate::document::Lease;
use crate::error::TriggerError;

/// Leases that are taken at once: a host that starts takes one for each trigger of each app, and a database can be far.
const TAKEN_AT_ONCE: usize = 16;

/// A lease that this host holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) epoch: i64,
    /// Until then, without another renewal.
    pub(crate) until: Instant,
}

/// The leases of one host.
pub(crate) struct Leases {
    collection: Collection<Lease>,
    host: String,
    lifetime: Duration,
    /// Those of others: how they looked, and since when.
    seen: HashMap<String, Seen>,
}

struct Seen {
    epoch: i64,
    beat: i64,
    since: Instant,
}

impl Leases {
    pub(crate) fn new(collection: Collection<Lease>, host: String, lifetime: Duration) -> Self {
        Self { collection, host, lifetime, seen: HashMap::new() }
    }

    /// How long a renewal holds that is sent now.
    fn until(&self) -> Instant {
        Instant::now() + self.lifetime * 4 / 5
    }

    /// Takes those that are free, until `deadline`. What was taken by then is given, however many are left; those left are
    /// there the next time, a few perhaps in our own name.
    pub(crate) async fn take(
        &mut self,
        ids: &[String],
        deadline: Instant,
    ) -> Result<BTreeMap<String, Held>, TriggerError> {
        let mut taken = BTreeMap::new();
        if ids.is_empty() {
            return Ok(taken);
        }
        let found = async {
            let found = self.collection.find(doc! {"_id": {"$in": ids}}).await?;
            found.map_ok(|lease| (lease.id.clone(), lease)).try_collect::<HashMap<String, Lease>>().await
        };
        let Ok(found) = timeout_at(deadline, found).await else { return Ok(taken) };
        let (mut found, now) = (found?, Instant::now());
        self.seen.retain(|id, _| found.contains_key(id));
        let mut free = Vec::new();
        for id in ids {
            match found.remove(id) {
                Some(lease) if !self.is_free(&lease, now) => {}
                lease => free.push((id.clone(), lease)),
            }
        }
        let takes: Vec<_> = free.into_iter().map(|(id, lease)| self.take_one(id, lease)).collect();
        let mut takes = stream::iter(takes).buffer_unordered(TAKEN_AT_ONCE);
        while let Ok(Some(outcome)) = timeout_at(deadline, takes.next()).await {
            match outcome {
                Ok((id, Some(held))) => drop(taken.insert(id, held)),
                Ok((_, None)) => {}
                Err(error) => tracing::warn!(target: "usher::trigger", %error, "a lease cannot be taken"),
            }
        }
        drop(takes);
        self.seen.retain(|id, _| !taken.contains_key(id));
        Ok(taken)
    }

    /// `None` where another host was quicker.
    async fn take_one(&self, id: String, lease: Option<Lease>) -> Result<(String, Option<Held>), TriggerError> {
        let until = self.until();
        let epoch = match lease {
            None => self.make(&id).await?,
            Some(lease) => self.take_over(lease).await?,
        };
        Ok((id, epoch.map(|epoch| Held { epoch, until })))
    }

    /// Whether nobody holds it: it was given back, or was our own, or its holder has not renewed it for its lifetime.
    fn is_free(&mut self, lease: &Lease, now: Instant) -> bool {
        if lease.host.as_ref().is_none_or(|host| *host == self.host) {
            return true;
        }
        let fresh = Seen { epoch: lease.epoch, beat: lease.beat, since: now };
        let seen = self.seen.entry(lease.id.clone()).or_insert(fresh);
        if (seen.epoch, seen.beat) != (lease.epoch, lease.beat) {
            *seen = Seen { epoch: lease.epoch, beat: lease.beat, since: now };
        }
        now.duration_since(seen.since) >= self.lifetime
    }

    async fn make(&self, id: &str) -> Result<Option<i64>, TriggerError> {
        let (id, host) = (id.to_owned(), Some(self.host.clone()));
        let lease = Lease { id, host, epoch: 1, beat: 0, renewed: DateTime::now() };
        match self.collection.insert_one(&lease).await {
            Ok(_) => Ok(Some(lease.epoch)),
            Err(error) if is_duplicate_key(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Of several who try, one succeeds: the others find another epoch.
    async fn take_over(&self, lease: Lease) -> Result<Option<i64>, TriggerError> {
        let as_seen = doc! {"_id": lease.id, "epoch": lease.epoch, "beat": lease.beat, "host": lease.host};
        let take = doc! {
            "$set": {"host": &self.host}, "$inc": {"epoch": 1_i64, "beat": 1_i64}, "$currentDate": {"renewed": true},
        };
        let taken = self.collection.find_one_and_update(as_seen, take).return_document(ReturnDocument::After).await?;
        Ok(taken.map(|lease| lease.epoch))
    }

    /// Renews those; gives the ones that are still ours, and until when.
    pub(crate) async fn renew(&self, ids: &[String]) -> Result<(HashSet<String>, Instant), TriggerError> {
        let until = self.until();
        if ids.is_empty() {
            return Ok((HashSet::new(), until));
        }
        let ours = doc! {"_id": {"$in": ids}, "host": &self.host};
        let beat = doc! {"$inc": {"beat": 1_i64}, "$currentDate": {"renewed": true}};
        let renewed = self.collection.update_many(ours.clone(), beat).await?;
        if renewed.matched_count == ids.len() as u64 {
            return Ok((ids.iter().cloned().collect(), until));
        }
        // Nobody else writes our name, so what bears it now was renewed above.
        let still = self.collection.find(ours).await?;
        Ok((still.map_ok(|lease| lease.id).try_collect().await?, until))
    }

    /// Gives one back, so that another host need not wait. Nothing may run under it any more.
    pub(crate) async fn release(&self, id: &str, epoch: i64) -> Result<(), TriggerError> {
        let ours = doc! {"_id": id, "host": &self.host, "epoch": epoch};
        let free = doc! {"$set": {"host": null}, "$inc": {"beat": 1_i64}};
        self.collection.update_one(ours, free).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use usher_database::{ConnectOptions, Database, Embedded};

    use super::{Leases, TAKEN_AT_ONCE};
    use crate::document::Store;

    #[tokio::test]
    async fn what_is_taken_in_time_is_kept_however_much_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let embedded = Embedded::start(directory.path(), None).await.unwrap();
        let database = Database::connect(embedded.uri(), ConnectOptions::default()).await.unwrap();
        let store = Store::open(database).await.unwrap();
        let mut leases = Leases::new(store.leases.clone(), "one".to_owned(), Duration::from_secs(600));
        let all: Vec<String> = (0..600).map(|n| format!("app/{n}")).collect();
        let (mut left, mut patience, mut lost) = (all.clone(), Duration::from_millis(20), 0);
        while !left.is_empty() {
            let taken = leases.take(&left, Instant::now() + patience).await.unwrap();
            left.retain(|id| !taken.contains_key(id));
            // What was under way when the time was over may have been taken nevertheless, and is ours the next time.
            lost += TAKEN_AT_ONCE;
            let made = usize::try_from(store.leases.count_documents(bson::doc! {}).await.unwrap()).unwrap();
            let told = all.len() - left.len();
            assert!(made <= told + lost, "{made} were taken, and {told} told");
            // A machine that is slow needs more.
            patience *= 2;
        }
        embedded.stop().await;
    }
}
