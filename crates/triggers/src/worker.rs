//! One trigger at work on this host, for as long as it holds the lease.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bson::Document;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use usher_contract::limits;

use crate::attempt::Attempts;
use crate::document::Position;
use crate::error::TriggerError;
use crate::lease::Held;
use crate::plan::Plan;
use crate::queue::Queue;
use crate::runner::Runner;
use crate::source::Source;
use crate::triggers::Shared;

/// The pause before a source that failed begins again; it doubles up to [`limits::STREAM_RETRY_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A trigger at work. Dropped, it stops at once.
pub(crate) struct Worker {
    pub(crate) epoch: i64,
    task: JoinHandle<()>,
    until: watch::Sender<Instant>,
    plan: watch::Sender<Plan>,
    stop: watch::Sender<bool>,
}

impl Worker {
    pub(crate) fn start(shared: Arc<Shared>, plan: Plan, held: Held) -> Self {
        let (until, lasts) = watch::channel(held.until);
        let (plan, plans) = watch::channel(plan);
        let (stop, stopped) = watch::channel(false);
        let work = Work { shared, epoch: held.epoch, until: lasts, plans, stop: stopped };
        Self { epoch: held.epoch, task: tokio::spawn(work.run()), until, plan, stop }
    }

    /// The lease was renewed.
    pub(crate) fn extend(&self, until: Instant) {
        self.until.send_replace(until);
    }

    /// The app was deployed anew.
    pub(crate) fn update(&self, plan: &Plan) {
        self.plan.send_if_modified(|current| {
            let changed = current != plan;
            if changed {
                plan.clone_into(current);
            }
            changed
        });
    }

    /// Begins nothing more; what is under way ends.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether nothing of it runs any more.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Drops what is still under way at `deadline`; nothing of it runs any more afterwards.
    pub(crate) async fn end(mut self, deadline: Instant) {
        self.stop();
        if timeout(deadline.saturating_duration_since(Instant::now()), &mut self.task).await.is_err() {
            // As if the lease had run out: what runs is dropped, in order.
            self.until.send_replace(Instant::now());
            let _ = (&mut self.task).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    shared: Arc<Shared>,
    epoch: i64,
    until: watch::Receiver<Instant>,
    plans: watch::Receiver<Plan>,
    stop: watch::Receiver<bool>,
}

impl Work {
    async fn run(self) {
        let plan = self.plans.borrow().clone();
        let (app, trigger) = (plan.app.clone(), plan.trigger.name.clone());
        tracing::debug!(target: "usher::trigger", app, trigger, epoch = self.epoch, "lease taken");
        match self.work(plan).await {
            Ok(()) => tracing::debug!(target: "usher::trigger", app, trigger, "stopped"),
            Err(TriggerError::Superseded) => {
                tracing::warn!(target: "usher::trigger", app, trigger, "the lease ended; what ran for it was dropped");
            }
            Err(error) => tracing::error!(target: "usher::trigger", app, trigger, %error, "stopped"),
        }
    }

    async fn work(self, plan: Plan) -> Result<(), TriggerError> {
        let opened = tokio::select! {
            () = expired(self.until.clone()) => Err(TriggerError::Superseded),
            opened = self.open(&plan) => opened,
        };
        let (queue, position) = opened?;
        let wake = Arc::new(Notify::new());
        let attempts = Attempts {
            queue: queue.clone(),
            dispatcher: self.shared.dispatcher.clone(),
            calls: self.shared.calls.clone(),
            most: self.shared.options.attempts,
            noted: Mutex::new(Document::new()),
        };
        let runner = Runner::new(Arc::new(attempts), wake.clone(), self.stop.clone());
        let until = self.until.clone();
        tokio::select! {
            outcome = self.feed(queue, position, wake) => outcome.map(|never| match never {}),
            outcome = runner.run(expired(until)) => outcome,
        }
    }

    async fn open(&self, plan: &Plan) -> Result<(Queue, Position), TriggerError> {
        loop {
            match Queue::open(&self.shared.store, plan, self.epoch).await {
                Err(TriggerError::Database(error)) => {
                    tracing::warn!(target: "usher::trigger", app = plan.app, trigger = plan.trigger.name, %error, "not begun");
                    sleep(limits::TRIGGER_POLL).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Runs the source until nothing more is to begin; then the runner decides when all is over.
    async fn feed(&self, queue: Queue, before: Position, wake: Arc<Notify>) -> Result<Infallible, TriggerError> {
        let source = Source { store: &self.shared.store, queue: &queue, wake: &wake };
        tokio::select! {
            outcome = self.follow(source, before.epoch > 0) => outcome,
            () = told(self.stop.clone()) => std::future::pending().await,
        }
    }

    /// Runs the source, and runs it again from where the database says that it stopped.
    async fn follow(&self, source: Source<'_>, listened: bool) -> Result<Infallible, TriggerError> {
        let (mut plans, mut pause) = (self.plans.clone(), FIRST_PAUSE);
        loop {
            let plan = plans.borrow_and_update().clone();
            let begun = Instant::now();
            let outcome = tokio::select! {
                outcome = source.run(&plan.trigger, listened) => outcome,
                Ok(()) = plans.changed() => continue,
            };
            let Err(error) = outcome;
            if matches!(error, TriggerError::Superseded) {
                return Err(error);
            }
            let (app, trigger) = (&plan.app, &plan.trigger.name);
            tracing::error!(target: "usher::trigger", app, trigger, %error, "events do not arrive");
            // Where this fails, the log has it.
            let _ = source.queue.failed(&format!("events do not arrive: {error}")).await;
            if matches!(error, TriggerError::Lost(_)) {
                tokio::select! {
                    outcome = source.stand_still(&error) => outcome?,
                    Ok(()) = plans.changed() => {}
                }
            }
            if begun.elapsed() > limits::STREAM_RETRY_PAUSE {
                pause = FIRST_PAUSE;
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(limits::STREAM_RETRY_PAUSE);
        }
    }
}

/// Completes when it was told to stop.
async fn told(mut stop: watch::Receiver<bool>) {
    // Nobody is left to tell: the end of it all.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Completes when the lease has run out.
async fn expired(mut until: watch::Receiver<Instant>) {
    loop {
        let end = *until.borrow_and_update();
        if Instant::now() >= end {
            return;
        }
        tokio::select! {
            () = sleep_until(end) => {}
            Ok(()) = until.changed() => {}
        }
    }
}
