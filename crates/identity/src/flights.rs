//! Single flight: work on one identity is done by one task of this host at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

type Turns = Mutex<HashMap<String, Arc<Turn<()>>>>;

#[derive(Default)]
pub(crate) struct Flights {
    turns: Arc<Turns>,
}

/// The right to work on one identity, until it is dropped.
pub(crate) struct Flight {
    turns: Arc<Turns>,
    key: String,
    turn: Option<OwnedMutexGuard<()>>,
    /// Whether somebody else was at work before.
    pub(crate) waited: bool,
}

impl Flights {
    pub(crate) async fn board(&self, key: String) -> Flight {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(key.clone()).or_default())
        };
        let mut flight = Flight { turns: Arc::clone(&self.turns), key, turn: None, waited: false };
        flight.turn = Some(match Arc::clone(&turn).try_lock_owned() {
            Ok(free) => free,
            Err(_) => {
                flight.waited = true;
                turn.lock_owned().await
            }
        });
        flight
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        self.turn = None;
        // Turns are handed out under this lock, so one that only the map holds is nobody's.
        if turns.get(&self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flights;

    #[tokio::test]
    async fn one_at_a_time_and_nothing_left_behind() {
        let flights = Flights::default();
        let first = flights.board("a".to_owned()).await;
        assert!(!first.waited);
        assert!(!flights.board("b".to_owned()).await.waited, "another identity need not wait");
        {
            let mut second = Box::pin(flights.board("a".to_owned()));
            assert!(futures::poll!(&mut second).is_pending());
            drop(first);
            assert!(second.await.waited);
        }
        assert!(flights.turns.lock().unwrap().is_empty());
    }
}
