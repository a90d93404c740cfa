//! One watcher.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;
use usher_contract::{ErrorCode, Failure};
use usher_rules::Bound;
use usher_rules::matcher::Query;

use crate::event::text;
use crate::recent::Found;
use crate::sight::{Seen, Sight};
use crate::topic::Topic;

/// What one watcher sees of a collection. Dropped, it ends.
pub struct Subscription {
    topic: Arc<Topic>,
    sight: Box<Sight>,
    /// What the watcher asked for, over events as they are seen.
    wanted: Option<Query>,
    place: u64,
    more: watch::Receiver<u64>,
}

impl Subscription {
    pub(crate) fn new(topic: Arc<Topic>, sight: Sight, wanted: Option<Query>) -> Self {
        let (place, more) = topic.recent.follow();
        Self { topic, sight: Box::new(sight), wanted, place, more }
    }

    /// Where the watcher is: all that stands before has been given or left out.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Goes on at a place where the watcher was, under other rules.
    ///
    /// # Errors
    /// Where the rules have a filter that the host cannot decide.
    pub fn rebind(&mut self, bound: Bound, place: u64) -> Result<(), Failure> {
        *self.sight = Sight::new(bound)?;
        self.place = place;
        Ok(())
    }

    /// Waits until something has happened. To drop the future is harmless.
    pub async fn ready(&mut self) {
        while matches!(self.topic.recent.at(self.place), Found::NotYet) {
            // The sender lives as long as the topic, which this holds.
            let _ = self.more.changed().await;
        }
    }

    /// The next event that has happened, as it goes over the wire (reference 3.7); none where what has happened is not to
    /// be seen. Rules may have to ask functions, and ask again where the future is dropped.
    ///
    /// # Errors
    /// Why the stream ends: the watcher was too slow, or the database cannot be followed any more.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let happened = match self.topic.recent.at(self.place) {
                Found::Event(happened) => happened,
                Found::NotYet => return Ok(None),
                Found::Ended(failure) => return Err(failure),
                Found::Missed => {
                    let message = "this watcher is too slow: events were missed; read the data and watch again";
                    return Err(Failure::new(ErrorCode::FunctionExecutionError, message));
                }
            };
            let seen = self.sight.of(&happened).await?;
            self.place += 1;
            let event = match &seen {
                Seen::Nothing => None,
                Seen::Whole => Some(happened.event()),
                Seen::Part(event) => Some(event),
            };
            // Asked of what is seen, so that nobody finds out what is not.
            if event.is_none_or(|event| self.wanted.as_ref().is_some_and(|wanted| !wanted.matches(event))) {
                // Many in a row must not keep others from their turn.
                tokio::task::consume_budget().await;
                continue;
            }
            return Ok(Some(match seen {
                Seen::Part(event) => text(event),
                _ => happened.whole(),
            }));
        }
    }
}
