//! Work that a client begins and that is finished whether or not the client waits for it.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::task::TaskTracker;

/// A future that is driven by whoever awaits it, and by a task of its own once nobody does: when a client hangs up,
/// its connection drops what it was waiting for. A task for every request would do the same at the price of two
/// wake-ups across threads for each.
pub(crate) struct Finish<T: Send + 'static> {
    work: Option<BoxFuture<'static, std::thread::Result<T>>>,
    orphans: TaskTracker,
}

impl<T: Send + 'static> Finish<T> {
    /// The tracker gets the task, where there is one, so that shutdown waits for it.
    pub(crate) fn new(work: impl Future<Output = T> + Send + 'static, orphans: TaskTracker) -> Self {
        Self { work: Some(AssertUnwindSafe(work).catch_unwind().boxed()), orphans }
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    /// The work's result, or what it panicked with.
    type Output = std::thread::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.work.take(), tokio::runtime::Handle::try_current()) {
            self.orphans.spawn_on(work, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_half_way_is_finished_all_the_same() {
        let (go, wait) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let tracker = TaskTracker::new();
        let work = async move {
            wait.await.unwrap();
            done.send(7).unwrap();
        };
        let mut work = Box::pin(Finish::new(work, tracker.clone()));
        assert!(futures::poll!(work.as_mut()).is_pending());
        drop(work);
        assert_eq!(tracker.len(), 1, "shutdown would wait for it");
        go.send(()).unwrap();
        assert_eq!(finished.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_is_awaited_needs_no_task_and_a_panic_stays_inside() {
        let tracker = TaskTracker::new();
        assert_eq!(Finish::new(async { 7 }, tracker.clone()).await.unwrap(), 7);
        assert!(Finish::new(async { panic!("on purpose") }, tracker.clone()).await.is_err());
        assert_eq!(tracker.len(), 0);
    }
}
