//! The keeper: takes, renews and gives back leases, and starts and stops what runs under them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use usher_contract::limits;

use crate::lease::Leases;
use crate::plan;
use crate::triggers::Shared;
use crate::worker::Worker;

/// How often it is seen, while stopping, whether everything has stopped.
const LOOK: Duration = Duration::from_millis(20);

/// One for each host.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    leases: Leases,
    workers: HashMap<String, Worker>,
    stop: watch::Receiver<bool>,
}

impl Keeper {
    pub(crate) fn new(shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Self {
        let options = &shared.options;
        let leases = Leases::new(shared.store.leases.clone(), options.host.clone(), options.lease);
        Self { leases, shared, workers: HashMap::new(), stop }
    }

    /// Every third of a lease's lifetime, so that one renewal may fail.
    fn rhythm(&self) -> Duration {
        self.shared.options.lease / 3
    }

    /// Runs until it is told to stop, and then until everything has stopped and every lease was given back.
    pub(crate) async fn run(mut self) {
        while !*self.stop.borrow() {
            self.turn(true).await;
            tokio::select! {
                () = sleep(self.rhythm()) => {}
                () = self.shared.deployed.notified() => {}
                Ok(()) = self.stop.changed() => {}
            }
        }
        let deadline = Instant::now() + limits::SHUTDOWN_DEADLINE;
        for worker in self.workers.values() {
            worker.stop();
        }
        let mut next = Instant::now() + self.rhythm();
        while self.workers.values().any(|worker| !worker.is_over()) && Instant::now() < deadline {
            sleep(LOOK).await;
            if Instant::now() >= next {
                self.turn(false).await;
                next = Instant::now() + self.rhythm();
            }
        }
        let ended = self.workers.drain().map(|(id, worker)| async {
            let epoch = worker.epoch;
            worker.end(deadline).await;
            (id, epoch)
        });
        let ended = join_all(ended).await;
        self.release(&ended).await;
    }

    /// One look at everything.
    async fn turn(&mut self, take: bool) {
        let prepared = self.shared.prepared();
        let mut wanted = plan::all(&self.shared.dispatcher);
        wanted.retain(|id, _| take && prepared.contains(id));
        let over: Vec<(String, i64)> =
            self.workers.extract_if(|_, worker| worker.is_over()).map(|(id, worker)| (id, worker.epoch)).collect();
        self.release(&over).await;
        for (id, worker) in &self.workers {
            match wanted.get(id) {
                Some(plan) => worker.update(plan),
                None => worker.stop(),
            }
        }
        let held: Vec<String> = self.workers.keys().cloned().collect();
        match timeout(self.rhythm(), self.leases.renew(&held)).await {
            Ok(Ok((renewed, until))) => {
                for (id, worker) in &self.workers {
                    // One that is not ours any more ends now.
                    worker.extend(if renewed.contains(id) { until } else { Instant::now() });
                }
            }
            Ok(Err(error)) => tracing::warn!(target: "usher::trigger", %error, "leases cannot be renewed"),
            Err(_) => {
                tracing::warn!(target: "usher::trigger", "leases cannot be renewed: the database does not answer")
            }
        }
        let free: Vec<String> = wanted.keys().filter(|id| !self.workers.contains_key(*id)).cloned().collect();
        match self.leases.take(&free, Instant::now() + self.rhythm()).await {
            Ok(taken) => {
                for (id, held) in taken {
                    if let Some(plan) = wanted.remove(&id) {
                        self.workers.insert(id, Worker::start(self.shared.clone(), plan, held));
                    }
                }
            }
            Err(error) => tracing::warn!(target: "usher::trigger", %error, "leases cannot be taken"),
        }
    }

    /// Gives leases back, all at once: a database that does not answer is waited for once.
    async fn release(&self, leases: &[(String, i64)]) {
        let releases = leases.iter().map(|(id, epoch)| async move {
            if let Ok(Err(error)) = timeout(self.rhythm(), self.leases.release(id, *epoch)).await {
                // It runs out by itself.
                tracing::debug!(target: "usher::trigger", id, %error, "a lease was not given back");
            }
        });
        join_all(releases).await;
    }
}
