//! Events of users. Identity appends them to a collection, in the transaction that makes them true.

use std::convert::Infallible;
use std::time::Duration;

use bson::{Bson, DateTime, Document, doc};
use futures::TryStreamExt as _;
use usher_app::AuthenticationTrigger;
use usher_database::{Change, Following, Since};

use super::{Batch, Follows, Reading};
use crate::document::Position;
use crate::error::TriggerError;
use crate::queue::Event;
use crate::triggers::events;

/// How much older than its commit an event's time can be: a transaction is ended after 60 s, and clocks differ.
const LATE: Duration = Duration::from_secs(300);

impl Follows<'_> {
    pub(super) async fn authentication(
        &self,
        trigger: &AuthenticationTrigger,
        position: Position,
    ) -> Result<Infallible, TriggerError> {
        let database = &self.source.store.database;
        let read = |change: Change| change.event.get_document("fullDocument").ok().and_then(event);
        let mut place = position.place;
        loop {
            let since = place.take().map_or(Since::Now, Since::After);
            let mut following = Following::new(events(database), since);
            let matching = of(&self.source.queue.app, trigger);
            let mut filter = doc! {"operationType": "insert"};
            filter.extend(matching.iter().map(|(name, test)| (format!("fullDocument.{name}"), test.clone())));
            following.filter = Some(filter);
            let Err(error) = self.follow(database.changes(following), &read).await;
            let TriggerError::Lost(reason) = error else { return Err(error) };
            // The events themselves are still there.
            let (app, trigger) = (&self.source.queue.app, &self.source.queue.trigger);
            tracing::warn!(target: "usher::trigger", app, trigger, reason, "events are read again; some may come twice");
            place = Some(self.catch_up(matching).await?);
        }
    }

    /// Writes down what happened since the position from the events themselves, and some of what happened before: an
    /// event can be committed after one that is younger. Gives the place to go on from.
    async fn catch_up(&self, matching: Document) -> Result<usher_database::Place, TriggerError> {
        let (store, queue) = (self.source.store, self.source.queue);
        // The present first: what is committed while the collection is read is found at least once.
        let place = store.database.present(&events(&store.database)).await?;
        let (now, reached) = (DateTime::now(), queue.resume().await?.time);
        let late = i64::try_from(LATE.as_millis()).unwrap_or_default();
        let mut filter = matching;
        filter.insert("time", doc! {"$gte": DateTime::from_millis(reached.timestamp_millis() - late)});
        let happened = store.database.system().collection::<Document>("events");
        let mut cursor = happened.find(filter).sort(doc! {"time": 1, "_id": 1}).await?;
        let mut batch = Batch::default();
        while let Some(found) = cursor.try_next().await? {
            let reading = Reading::of_event(event(&found), place.clone());
            if batch.is_full() || !batch.has_room(reading.size) {
                // Not yet the place: if this is interrupted, it is done again.
                queue.append(std::mem::take(&mut batch).events, &self.progress(None, reached)).await?;
                self.source.wake.notify_one();
            }
            batch.add(reading);
        }
        let progress = self.progress(Some(place.clone()), now);
        if batch.events.is_empty() {
            queue.advance(&progress).await?;
        } else {
            queue.append(batch.events, &progress).await?;
            self.source.wake.notify_one();
        }
        Ok(place)
    }
}

/// The events that a trigger is about, as a query.
fn of(app: &str, trigger: &AuthenticationTrigger) -> Document {
    let mut filter = doc! {"app": app};
    if !trigger.operations.is_empty() {
        filter.insert("type", doc! {"$in": &trigger.operations});
    }
    if !trigger.providers.is_empty() {
        filter.insert("providers", doc! {"$in": &trigger.providers});
    }
    filter
}

/// The function's argument (reference 2.2). Events of one user stay in order.
fn event(happened: &Document) -> Option<Event> {
    let user = happened.get_document("user").ok()?;
    let argument = doc! {
        "operationType": happened.get("type").cloned().unwrap_or(Bson::Null),
        "providers": happened.get("providers").cloned().unwrap_or(Bson::Null),
        "user": user.clone(),
        "time": happened.get("time").cloned().unwrap_or(Bson::Null),
    };
    Some(Event { key: user.get_str("id").ok()?.to_owned(), argument: Some(argument.to_vec().ok()?), unfit: None })
}
