//! Admission: a semaphore of the pool's size in front of the pool, with a bounded queue and a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use usher_contract::limits;

use crate::engine::Sandbox;
use crate::run::RunError;

/// Which queue an invocation stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A call from outside.
    Outer,
    /// A call that a running function makes, so deep below the call from outside. Every depth has instances of its
    /// own: a call only ever waits for deeper ones, so a host full of callers cannot wait for itself.
    Nested {
        /// From 1.
        depth: usize,
    },
}

/// The right to use one instance of the pool, given back when dropped.
pub struct Permit(#[allow(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// How many instances each depth has. Functions that call functions are common, longer chains are not.
pub(crate) fn instances(calls: u32) -> impl Iterator<Item = u32> {
    (0..limits::CALL_DEPTH).map(move |depth| if depth < 2 { calls } else { (calls / 8).max(1) })
}

pub(crate) struct Pool {
    /// By depth.
    depths: Vec<Arc<Semaphore>>,
    /// Waiting calls, so that a flood is turned away at once instead of piling up.
    waiting: AtomicUsize,
}

/// A place in the queue, left when dropped: a caller that runs out of time stops waiting in the middle.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// Gives how many stood there before, too.
    fn take(waiting: &'a AtomicUsize) -> (Self, usize) {
        let ahead = waiting.fetch_add(1, Ordering::Relaxed);
        (Self(waiting), ahead)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(crate) fn new(calls: u32) -> Self {
        let depths = instances(calls).map(|count| Arc::new(Semaphore::new(count as usize))).collect();
        Self { depths, waiting: AtomicUsize::new(0) }
    }

    async fn admit(&self, admission: Admission, deadline: Instant) -> Result<Permit, RunError> {
        let depth = match admission {
            Admission::Outer => 0,
            Admission::Nested { depth } => depth,
        };
        let semaphore = &self.depths[depth.min(self.depths.len() - 1)];
        if let Ok(permit) = semaphore.clone().try_acquire_owned() {
            return Ok(Permit(permit));
        }
        let (_place, ahead) = Place::take(&self.waiting);
        if ahead >= limits::QUEUE_LENGTH {
            return Err(RunError::Overloaded("the queue for a sandbox is full".into()));
        }
        let permit = timeout_at(deadline, semaphore.clone().acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Permit(permit)),
            _ => {
                Err(RunError::Overloaded(format!("every sandbox was busy for {} s", limits::QUEUE_DEADLINE.as_secs())))
            }
        }
    }
}

impl Sandbox {
    /// Waits for an instance, no longer than [`limits::QUEUE_DEADLINE`] or `deadline`.
    ///
    /// # Errors
    /// [`RunError::Overloaded`] where none becomes free.
    pub async fn admit(&self, admission: Admission, deadline: Option<Instant>) -> Result<Permit, RunError> {
        let patience = Instant::now() + limits::QUEUE_DEADLINE;
        let deadline = deadline.map_or(patience, |deadline| deadline.min(patience));
        self.pool.admit(admission, deadline).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test]
    async fn a_caller_that_stops_waiting_leaves_the_queue() {
        let pool = Pool::new(1);
        let running = pool.admit(Admission::Outer, soon()).await.unwrap();
        let mut waiting = Box::pin(pool.admit(Admission::Outer, soon()));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 1);
        drop(waiting);
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
        drop(running);
        assert!(pool.admit(Admission::Outer, soon()).await.is_ok());
    }

    #[tokio::test]
    async fn a_call_does_not_wait_for_those_above_it() {
        let pool = Pool::new(1);
        let mut held = vec![pool.admit(Admission::Outer, soon()).await.unwrap()];
        for depth in 1..limits::CALL_DEPTH {
            held.push(pool.admit(Admission::Nested { depth }, Instant::now()).await.unwrap());
        }
        assert!(pool.admit(Admission::Nested { depth: 1 }, Instant::now()).await.is_err());
    }
}
