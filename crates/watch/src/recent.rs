//! What has happened lately, kept once for everybody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use usher_contract::{Failure, limits};

use crate::event::Happened;

/// Events by their numbers, the oldest of which go when they are too many or too old.
pub(crate) struct Recent {
    kept: Mutex<Kept>,
    /// The number of the next event; whoever waits for one waits for this to change.
    next: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// The number of the first one.
    first: u64,
    events: VecDeque<Arc<Happened>>,
    bytes: usize,
    /// Whether whatever happens now will be known.
    begun: bool,
    /// Why no more will come.
    end: Option<Failure>,
}

/// What is at a place.
pub(crate) enum Found {
    Event(Arc<Happened>),
    /// It is gone: whoever asks is too slow.
    Missed,
    /// It has not happened yet.
    NotYet,
    Ended(Failure),
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), next: watch::channel(0).0 }
    }

    pub(crate) fn push(&self, event: Happened) {
        let mut kept = self.kept();
        kept.bytes += event.bytes;
        kept.events.push_back(Arc::new(event));
        kept.trim();
        let next = kept.first + kept.events.len() as u64;
        drop(kept);
        self.next.send_replace(next);
    }

    /// Forgets what is too old: every watcher that is awake has seen it long ago.
    pub(crate) fn forget(&self) {
        self.kept().trim();
    }

    /// From now on whatever happens will be known.
    pub(crate) fn begin(&self) {
        self.kept().begun = true;
        self.next.send_modify(|_| {});
    }

    /// Waits for the beginning.
    pub(crate) async fn begun(&self) -> Result<(), Failure> {
        let mut news = self.next.subscribe();
        loop {
            match &*self.kept() {
                Kept { end: Some(failure), .. } => return Err(failure.clone()),
                Kept { begun: true, .. } => return Ok(()),
                _ => {}
            }
            // The sender is this one's own.
            let _ = news.changed().await;
        }
    }

    pub(crate) fn end(&self, failure: Failure) {
        self.kept().end = Some(failure);
        // Wakes those who wait, though there is no new event.
        self.next.send_modify(|_| {});
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.kept().end.is_some()
    }

    pub(crate) fn at(&self, place: u64) -> Found {
        let kept = self.kept();
        let Some(index) = place.checked_sub(kept.first) else { return Found::Missed };
        let event = usize::try_from(index).ok().and_then(|index| kept.events.get(index));
        match (event, &kept.end) {
            (Some(event), _) => Found::Event(event.clone()),
            (None, Some(failure)) => Found::Ended(failure.clone()),
            (None, None) => Found::NotYet,
        }
    }

    /// The place of the next event, and a way to wait for it.
    pub(crate) fn follow(&self) -> (u64, watch::Receiver<u64>) {
        let mut receiver = self.next.subscribe();
        let place = *receiver.borrow_and_update();
        (place, receiver)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn trim(&mut self) {
        while let Some(oldest) = self.events.front() {
            let crowded = self.events.len() > limits::WATCH_EVENTS
                || (self.bytes > limits::WATCH_BYTES && self.events.len() > 1)
                || oldest.at.elapsed() > limits::WATCH_LAG;
            if !crowded {
                return;
            }
            self.bytes -= oldest.bytes;
            self.first += 1;
            self.events.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bson::doc;

    use super::*;

    fn event(number: i32, bytes: usize) -> Happened {
        let mut event = Happened::read(doc! {"operationType": "insert", "number": number});
        event.bytes = bytes;
        event
    }

    #[test]
    fn the_oldest_go_first_by_number_and_by_bytes() {
        let recent = Recent::new();
        let (place, _) = recent.follow();
        for number in 0..=i32::try_from(limits::WATCH_EVENTS).unwrap() {
            recent.push(event(number, 1));
        }
        assert!(matches!(recent.at(place), Found::Missed));
        assert!(matches!(recent.at(place + 1), Found::Event(_)));
        recent.push(event(-1, limits::WATCH_BYTES + 1));
        let (last, _) = recent.follow();
        assert!(matches!(recent.at(last - 2), Found::Missed), "a large one leaves no room for others");
        assert!(matches!(recent.at(last - 1), Found::Event(_)), "and is itself kept");
        assert!(matches!(recent.at(last), Found::NotYet));
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let recent = Recent::new();
        let aged = |age| {
            let mut event = event(1, 1);
            event.at = Instant::now().checked_sub(age).unwrap();
            event
        };
        recent.push(aged(limits::WATCH_LAG + Duration::from_secs(1)));
        recent.push(aged(limits::WATCH_LAG / 2));
        recent.forget();
        assert!(matches!(recent.at(0), Found::Missed));
        assert!(matches!(recent.at(1), Found::Event(_)));
        assert!(matches!(recent.at(2), Found::NotYet));
        assert_eq!(recent.kept().bytes, 1);
    }

    #[tokio::test]
    async fn all_who_wait_for_a_beginning_that_fails_are_told_at_once() {
        let recent = Arc::new(Recent::new());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                tokio::spawn({
                    let recent = recent.clone();
                    async move { recent.begun().await }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        recent.end(Failure { code: "MongoDBError".into(), message: "gone".to_owned() });
        for waiter in waiting {
            assert_eq!(waiter.await.unwrap().unwrap_err().message, "gone");
        }
        let recent = Recent::new();
        recent.begin();
        assert!(recent.begun().await.is_ok());
    }

    #[test]
    fn what_was_kept_is_given_before_the_end() {
        let recent = Recent::new();
        let (place, receiver) = recent.follow();
        recent.push(event(1, 1));
        recent.end(Failure { code: "MongoDBError".into(), message: "gone".to_owned() });
        assert!(receiver.has_changed().unwrap());
        assert!(matches!(recent.at(place), Found::Event(_)));
        assert!(matches!(recent.at(place + 1), Found::Ended(_)));
    }
}
