//! One attempt to deliver one event: the call of the function, and what becomes of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use rand::RngExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use usher_app::{Occasion, Trigger};
use usher_contract::{ErrorCode, Failure, limits, value};
use usher_dispatch::{Call, CallError, Caller, Deployment, Dispatcher, Origin};
use usher_logs::{Entry, Kind};

use crate::document::Delivery;
use crate::error::TriggerError;
use crate::lines::After;
use crate::queue::{Queue, Settled};

/// The pause between two tries to write an outcome down.
const WRITE_PAUSE: Duration = Duration::from_millis(200);

/// What every attempt of one trigger needs.
pub(crate) struct Attempts {
    pub(crate) queue: Queue,
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// The calls that triggers may make at once on this host.
    pub(crate) calls: Arc<Semaphore>,
    /// How often a function may fail for one event.
    pub(crate) most: u32,
    pub(crate) noted: Mutex<Document>,
}

/// An attempt that has ended.
struct Ended<'a> {
    attempts: &'a Attempts,
    delivery: &'a Delivery,
    function: &'a str,
    invocation: &'a str,
    attempt: i32,
    took: Duration,
    error: Option<&'a str>,
    dead: bool,
}

impl Attempts {
    /// Attempts one delivery.
    pub(crate) async fn make(self: Arc<Self>, delivery: Arc<Delivery>) -> Result<After, TriggerError> {
        let Ok(_permit) = self.calls.acquire().await else {
            return Ok(After::Again(Instant::now() + limits::TRIGGER_POLL));
        };
        let queue = &self.queue;
        let deployment = self.dispatcher.deployment(&queue.app);
        let trigger = deployment.as_ref().and_then(|deployment| deployment.app().triggers.get(&queue.trigger));
        let (Some(deployment), Some(trigger)) = (&deployment, trigger) else {
            // The app is being swapped; without the trigger, its deliveries wait.
            return Ok(After::Again(Instant::now() + limits::TRIGGER_POLL));
        };
        let begun = match queue.begin(&delivery).await {
            Ok(Some(begun)) => begun,
            Ok(None) => return Ok(After::Next),
            Err(error @ TriggerError::Database(_)) => {
                tracing::debug!(target: "usher::trigger", app = queue.app, trigger = queue.trigger, %error, "not begun");
                return Ok(After::Again(Instant::now() + limits::TRIGGER_POLL));
            }
            Err(error) => return Err(error),
        };
        let (invocation, started) = (ObjectId::new().to_hex(), Instant::now());
        tracing::debug!(
            target: "usher::trigger",
            app = queue.app, trigger = queue.trigger, function = trigger.function, delivery = %delivery.id, invocation,
            attempt = begun.attempts, "started"
        );
        let poison = begun.unfinished > limits::TRIGGER_UNFINISHED;
        let outcome =
            if poison { Err(poisonous()) } else { self.call(deployment, trigger, &delivery, &invocation).await };
        if let Err(CallError::Overloaded(message)) = &outcome {
            // Nobody's failure: there was no sandbox.
            tracing::warn!(target: "usher::trigger", app = queue.app, trigger = queue.trigger, message, "waits");
            if let Err(error @ TriggerError::Superseded) = queue.put_off(&delivery).await {
                return Err(error);
            }
            return Ok(After::Again(Instant::now() + limits::TRIGGER_FIRST_PAUSE));
        }
        // A function can throw a text of any length, and it stands beside the event in one document.
        let error = outcome.err().map(|error| limits::log_line(&error.to_string()).to_owned());
        let failures = begun.failures + 1;
        let (settled, after) = match &error {
            None => (Settled::Done, After::Next),
            Some(error) if poison || failures >= self.most => (Settled::Dead { error: error.clone() }, After::Next),
            Some(error) => {
                let pause = pause(failures);
                let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                let due = DateTime::from_millis(DateTime::now().timestamp_millis().saturating_add(millis));
                (Settled::Again { error: error.clone(), due }, After::Again(Instant::now() + pause))
            }
        };
        Ended {
            attempts: &self,
            delivery: &delivery,
            function: &trigger.function,
            invocation: &invocation,
            attempt: begun.attempts,
            took: started.elapsed(),
            error: error.as_deref(),
            dead: matches!(settled, Settled::Dead { .. }),
        }
        .record();
        self.settle(&delivery, &settled).await?;
        Ok(after)
    }

    async fn call(
        &self,
        deployment: &Arc<Deployment>,
        trigger: &Trigger,
        delivery: &Delivery,
        invocation: &str,
    ) -> Result<Vec<u8>, CallError> {
        let event = delivery.argument().map_err(|error| {
            CallError::Failed(Failure::new(ErrorCode::InvalidDocument, format!("the event cannot be read: {error}")))
        })?;
        let arguments = event.into_iter().map(Bson::Document);
        let call = Call {
            deployment: deployment.clone(),
            function: trigger.function.clone(),
            arguments: value::array_bytes(arguments).map_err(CallError::Failed)?,
            caller: Caller::System,
            origin: Origin::Trigger { kind: kind(trigger), name: trigger.name.as_str().into() },
            request: None,
            id: invocation.to_owned(),
        };
        self.dispatcher.call(call).await
    }

    /// Writes an outcome down, however long that takes: a function that has succeeded should not run again. Whoever
    /// loses the lease over it stops.
    async fn settle(&self, delivery: &Delivery, settled: &Settled) -> Result<(), TriggerError> {
        loop {
            match self.queue.settle(delivery, settled).await {
                Err(TriggerError::Database(error)) => {
                    let (app, trigger) = (&self.queue.app, &self.queue.trigger);
                    tracing::warn!(target: "usher::trigger", app, trigger, %error, "an outcome cannot be written down yet");
                    tokio::time::sleep(WRITE_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
}

impl Ended<'_> {
    /// Tells everybody who should know. The one place where an attempt that has ended is told.
    fn record(&self) {
        let Self { attempts, delivery, function, invocation, attempt, took, error, dead } = self;
        let (app, trigger, delivery) = (&attempts.queue.app, &attempts.queue.trigger, delivery.id);
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let now = DateTime::now();
        let mut noted = attempts.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(error) = error else {
            noted.insert("succeeded", now);
            tracing::debug!(
                target: "usher::trigger",
                app, trigger, function, %delivery, invocation, attempt, milliseconds, "succeeded"
            );
            return;
        };
        noted.extend(doc! {"failed": now, "failure": *error});
        if *dead {
            if let Some(logs) = attempts.dispatcher.logs() {
                let mut entry = Entry::begin(app, invocation, Kind::TriggerFailure);
                entry.function_name = Some((*function).to_owned());
                entry.event_subscription_name = Some(trigger.clone());
                entry.error = Some(format!("set aside after {attempt} attempts: {error}"));
                logs.record(entry);
            }
            tracing::error!(
                target: "usher::trigger",
                app, trigger, function, %delivery, invocation, attempt, error,
                "set aside, since it keeps failing; see `usher triggers dead`"
            );
        } else {
            tracing::warn!(target: "usher::trigger", app, trigger, function, %delivery, invocation, attempt, error, "failed");
        }
    }
}

/// Why a function is not called for an event any more that ends its host whenever it is.
fn poisonous() -> CallError {
    let message = format!(
        "{} hosts that called the function for this event ended, or lost the trigger, before the function did",
        limits::TRIGGER_UNFINISHED
    );
    CallError::Failed(Failure::new(ErrorCode::FunctionExecutionError, message))
}

/// What the log calls the calls of a trigger.
fn kind(trigger: &Trigger) -> Kind {
    match trigger.occasion {
        Occasion::Authentication(_) => Kind::AuthTrigger,
        Occasion::Database(_) => Kind::DbTrigger,
        Occasion::Scheduled(_) => Kind::ScheduledTrigger,
    }
}

/// The pause after the `failures`-th failure: four times as long each time, half of it at random, so that those that
/// failed together do not come back together.
fn pause(failures: u32) -> Duration {
    let factor = 4_u32.saturating_pow(failures.saturating_sub(1));
    let longest = limits::TRIGGER_FIRST_PAUSE.saturating_mul(factor).min(limits::TRIGGER_LONGEST_PAUSE);
    rand::rng().random_range(longest / 2..=longest)
}

#[cfg(test)]
mod tests {
    use usher_contract::limits;

    use super::pause;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        assert!(pause(1) <= limits::TRIGGER_FIRST_PAUSE);
        assert!(pause(2) >= limits::TRIGGER_FIRST_PAUSE * 2);
        assert!(pause(60) <= limits::TRIGGER_LONGEST_PAUSE);
    }
}
