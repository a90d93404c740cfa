//! Keeping the database alive.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use usher_contract::limits;

use super::process::{self, Launch};

/// The first pause before another start.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Who has run this long is healthy: the next pause is the first again.
const HEALTHY: Duration = Duration::from_secs(30);

/// The task that watches the database. Dropped, it kills the database.
pub(crate) struct Supervisor {
    pid: Arc<AtomicU32>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(crate) fn start(launch: Launch, child: Child) -> Self {
        let pid = Arc::new(AtomicU32::new(child.id().unwrap_or(0)));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(watch(launch, child, Arc::clone(&pid), stopped));
        Self { pid, stop: Some(stop), task }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0)
    }

    pub(crate) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the supervisor of the embedded database failed");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // The child is dropped with the task, and killed.
        self.task.abort();
    }
}

async fn watch(launch: Launch, child: Child, pid: Arc<AtomicU32>, mut stopped: oneshot::Receiver<()>) {
    let mut child = Some(child);
    let mut pause = FIRST_PAUSE;
    let mut begun = Instant::now();
    loop {
        if let Some(running) = &mut child {
            tokio::select! {
                _ = &mut stopped => return process::end(running).await,
                status = running.wait() => {
                    pid.store(0, Ordering::Relaxed);
                    tracing::error!(status = %describe(status), log = %launch.log().display(),
                        "the embedded database died; starting it again");
                }
            }
            if begun.elapsed() > HEALTHY {
                pause = FIRST_PAUSE;
            }
        }
        tokio::select! {
            _ = &mut stopped => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(limits::DATABASE_RESTART_PAUSE);
        begun = Instant::now();
        child = launch.spawn().map_err(|error| tracing::error!(%error, "the embedded database does not start")).ok();
        pid.store(child.as_ref().and_then(Child::id).unwrap_or(0), Ordering::Relaxed);
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}
