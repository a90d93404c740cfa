//! Sources: what happens becomes deliveries.

mod authentication;
mod database;
mod scheduled;

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bson::DateTime;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use usher_app::{Occasion, Trigger};
use usher_contract::limits;
use usher_database::{Change, Changes, Place, Step};

use crate::document::Store;
use crate::error::TriggerError;
use crate::plan;
use crate::queue::{Event, Progress, Queue};

/// How often the position of a quiet stream is written down: several times before anybody takes it for abandoned.
const QUIET_PROGRESS: Duration = Duration::from_secs(limits::TRIGGER_ABSENCE.as_secs() / 6);

/// The source of one trigger.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a Store,
    pub(crate) queue: &'a Queue,
    /// To be told when something was added to the queue.
    pub(crate) wake: &'a Notify,
}

/// What a change is to a trigger: an event, or nothing.
type Read<'a> = &'a (dyn Fn(Change) -> Option<Event> + Send + Sync);

/// One step along a stream, read.
struct Reading {
    event: Option<Event>,
    size: usize,
    place: Place,
}

impl Reading {
    fn of(step: Step, read: Read<'_>) -> Self {
        match step {
            Step::Quiet(place) => Self { event: None, size: 0, place },
            Step::Change(change) => {
                let place = change.place.clone();
                Self::of_event(read(*change), place)
            }
        }
    }

    fn of_event(event: Option<Event>, place: Place) -> Self {
        let size = event.as_ref().and_then(|event| event.argument.as_ref()).map_or(0, Vec::len);
        Self { event, size, place }
    }
}

impl Source<'_> {
    /// Runs from where the position says. `listened` says whether any host had the trigger before this one.
    pub(crate) async fn run(&self, trigger: &Trigger, listened: bool) -> Result<Infallible, TriggerError> {
        let subject = plan::subject(trigger);
        let mut position = self.queue.resume().await?;
        while position.subject != subject {
            // A deployment in between is about to write its own.
            sleep(limits::TRIGGER_POLL).await;
            position = self.queue.resume().await?;
        }
        let absent = listened && is_old(position.time);
        let resumes = AtomicBool::new(position.paused);
        let follows = Follows { source: self, subject, paused: position.paused, resumes, absent };
        match &trigger.occasion {
            Occasion::Authentication(trigger) => follows.authentication(trigger, position).await,
            Occasion::Database(trigger) => follows.database(trigger, position).await,
            Occasion::Scheduled(trigger) => follows.schedule(trigger, position).await,
        }
    }

    /// Says why nothing goes on, and waits until an operator has seen to it.
    pub(crate) async fn stand_still(&self, error: &TriggerError) -> Result<(), TriggerError> {
        self.queue.halt(&error.to_string()).await?;
        loop {
            sleep(limits::TRIGGER_POLL).await;
            match self.queue.resume().await {
                Ok(position) if position.halted.is_none() => return Ok(()),
                Ok(_) | Err(TriggerError::Database(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether a position is so old that nobody can have listened since.
fn is_old(time: DateTime) -> bool {
    let age = DateTime::now().timestamp_millis().saturating_sub(time.timestamp_millis());
    u128::try_from(age).is_ok_and(|age| age > limits::TRIGGER_ABSENCE.as_millis())
}

/// A source at work.
struct Follows<'a> {
    source: &'a Source<'a>,
    subject: String,
    /// Whether the trigger was switched off in between.
    paused: bool,
    /// Whether nothing was written down since.
    resumes: AtomicBool,
    /// Whether nobody had listened in between.
    absent: bool,
}

impl Follows<'_> {
    /// To be written down.
    fn progress(&self, place: Option<Place>, time: DateTime) -> Progress {
        Progress { subject: self.subject.clone(), place, time, resumes: self.resumes.swap(false, Ordering::Relaxed) }
    }

    /// Writes down what a stream of changes brings. Ends with the first error; the position is where to go on.
    async fn follow(&self, mut changes: Changes, read: Read<'_>) -> Result<Infallible, TriggerError> {
        let mut written = Instant::now();
        let mut left = None;
        loop {
            let mut batch = Batch::default();
            batch.add(match left.take() {
                Some(reading) => reading,
                None => Reading::of(changes.next().await?, read),
            });
            while !batch.is_full()
                && let Some(step) = changes.next_now()
            {
                // What came before an error is not lost: the stream is followed again from the position.
                let reading = Reading::of(step?, read);
                if !batch.has_room(reading.size) {
                    left = Some(reading);
                    break;
                }
                batch.add(reading);
            }
            if batch.events.is_empty() && written.elapsed() < QUIET_PROGRESS {
                continue;
            }
            let progress = self.progress(batch.place, DateTime::now());
            if batch.events.is_empty() {
                self.source.queue.advance(&progress).await?;
            } else {
                self.source.queue.append(batch.events, &progress).await?;
                self.source.wake.notify_one();
            }
            written = Instant::now();
        }
    }
}

/// Events that are written down together.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    bytes: usize,
    place: Option<Place>,
}

impl Batch {
    fn add(&mut self, reading: Reading) {
        self.place = Some(reading.place);
        self.bytes += reading.size;
        self.events.extend(reading.event);
    }

    /// Whether something of this size may be added: all of it is one document at a time.
    fn has_room(&self, size: usize) -> bool {
        self.events.is_empty() || self.bytes.saturating_add(size) <= limits::TRIGGER_BATCH_BYTES
    }

    fn is_full(&self) -> bool {
        self.events.len() >= limits::TRIGGER_BATCH_EVENTS || self.bytes >= limits::TRIGGER_BATCH_BYTES
    }
}
