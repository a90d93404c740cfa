//! The runner: deliveries of one key strictly one after the other, those of different keys side by side.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bson::DateTime;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};
use usher_contract::limits;

use crate::attempt::Attempts;
use crate::document::Delivery;
use crate::error::TriggerError;
use crate::lines::{After, Lines};

/// Attempts under way. They are tasks, so that functions of one trigger use all processors.
type Running = JoinSet<Result<After, TriggerError>>;

/// Delivers what the queue of one trigger holds.
pub(crate) struct Runner {
    pub(crate) attempts: Arc<Attempts>,
    /// Told when something was added to the queue.
    pub(crate) wake: Arc<Notify>,
    /// Whether to begin nothing more.
    pub(crate) stop: watch::Receiver<bool>,
    lines: Lines,
    /// The key of each attempt under way.
    keys: HashMap<Id, String>,
    /// Whether the queue may hold what memory does not.
    look: bool,
    polled: Instant,
}

impl Runner {
    pub(crate) fn new(attempts: Arc<Attempts>, wake: Arc<Notify>, stop: watch::Receiver<bool>) -> Self {
        let (lines, keys) = (Lines::default(), HashMap::new());
        Self { attempts, wake, stop, lines, keys, look: true, polled: Instant::now() }
    }

    /// Runs until it is told to stop and everything under way has ended, or until the lease is gone, when everything
    /// under way is dropped: `expired` says so.
    pub(crate) async fn run(mut self, expired: impl Future<Output = ()>) -> Result<(), TriggerError> {
        let mut running = Running::new();
        let outcome = tokio::select! {
            biased;
            () = expired => Err(TriggerError::Superseded),
            outcome = self.serve(&mut running) => outcome,
        };
        // Ends calls of functions at their next breath, and waits for it.
        running.shutdown().await;
        outcome
    }

    async fn serve(&mut self, running: &mut Running) -> Result<(), TriggerError> {
        loop {
            let stopping = *self.stop.borrow_and_update();
            if stopping && running.is_empty() {
                self.note().await?;
                return Ok(());
            }
            if !stopping {
                self.fill().await?;
                self.start(running);
            }
            let poll = self.polled + limits::TRIGGER_POLL;
            let due = self.lines.next_due().map_or(poll, |due| due.min(poll));
            tokio::select! {
                Some(ended) = running.join_next_with_id() => self.end(ended)?,
                () = self.wake.notified() => self.look = true,
                Ok(()) = self.stop.changed() => {}
                () = sleep_until(due) => {}
            }
            while let Some(ended) = running.try_join_next_with_id() {
                self.end(ended)?;
            }
            if Instant::now() >= poll {
                self.polled = Instant::now();
                self.look = true;
                self.note().await?;
            }
        }
    }

    /// Looks into the queue while there is less to do than could be done.
    async fn fill(&mut self) -> Result<(), TriggerError> {
        while self.look && self.lines.ready(Instant::now()) < limits::TRIGGER_CALLS_EACH && self.lines.have_room() {
            match self.attempts.queue.fetch(self.lines.keys()).await {
                Ok((found, more)) => {
                    self.look = more;
                    self.lines.add(found, due);
                }
                Err(TriggerError::Database(error)) => {
                    let queue = &self.attempts.queue;
                    tracing::warn!(target: "usher::trigger", app = queue.app, trigger = queue.trigger, %error, "the queue cannot be read");
                    // Until the next poll.
                    self.look = false;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn start(&mut self, running: &mut Running) {
        while running.len() < limits::TRIGGER_CALLS_EACH
            && let Some(delivery) = self.lines.start(Instant::now())
        {
            let key = delivery.key.clone();
            let task = running.spawn(self.attempts.clone().make(delivery));
            self.keys.insert(task.id(), key);
        }
    }

    fn end(
        &mut self,
        ended: Result<(Id, Result<After, TriggerError>), tokio::task::JoinError>,
    ) -> Result<(), TriggerError> {
        let (id, after) = match ended {
            Ok((id, after)) => (id, after?),
            Err(error) => {
                tracing::error!(target: "usher::trigger", %error, "an attempt broke off");
                (error.id(), After::Again(Instant::now() + limits::TRIGGER_LONGEST_PAUSE))
            }
        };
        if let Some(key) = self.keys.remove(&id) {
            // The queue may hold more of a key whose line has ended.
            self.look |= self.lines.finish(&key, after);
        }
        Ok(())
    }

    /// Writes down what was noted for operators. Where that fails, the next time will do.
    async fn note(&self) -> Result<(), TriggerError> {
        let noted = std::mem::take(&mut *self.attempts.noted.lock().unwrap_or_else(PoisonError::into_inner));
        if noted.is_empty() {
            return Ok(());
        }
        match self.attempts.queue.note(noted).await {
            Err(TriggerError::Database(_)) => Ok(()),
            outcome => outcome,
        }
    }
}

/// Until when a delivery that failed on another host waits. Its pause was chosen by that host's clock; however far that
/// is ahead, it is no longer than the longest.
fn due(delivery: &Delivery) -> Option<Instant> {
    let left = delivery.due?.timestamp_millis().saturating_sub(DateTime::now().timestamp_millis());
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    Some(Instant::now() + left.min(limits::TRIGGER_LONGEST_PAUSE))
}
