//! What waits in memory: one line for each ordering key.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;
use usher_contract::limits;

use crate::document::Delivery;

/// Deliveries by ordering key. A line holds the first ones of its key that the queue has; as long as there is a line,
/// no others of its key are added, so that order is kept whatever is added when.
#[derive(Default)]
pub(crate) struct Lines {
    lines: HashMap<String, Line>,
    events: usize,
    bytes: usize,
}

struct Line {
    deliveries: VecDeque<(Arc<Delivery>, usize)>,
    at: At,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    Ready,
    Running,
    Until(Instant),
}

/// How a line goes on after an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum After {
    /// The delivery is settled.
    Next,
    /// It is attempted again.
    Again(Instant),
}

impl Lines {
    /// Whether more may be added.
    pub(crate) fn have_room(&self) -> bool {
        self.events < limits::TRIGGER_BUFFER_EVENTS && self.bytes < limits::TRIGGER_BUFFER_BYTES
    }

    /// The keys that have a line.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.lines.keys().cloned().collect()
    }

    /// Adds deliveries of keys that have no line, in order, each with its size. `wait` says until when one waits.
    pub(crate) fn add(&mut self, found: Vec<(Delivery, usize)>, wait: impl Fn(&Delivery) -> Option<Instant>) {
        for (delivery, size) in found {
            self.events += 1;
            self.bytes += size;
            let line = self.lines.entry(delivery.key.clone()).or_insert_with(|| Line {
                deliveries: VecDeque::new(),
                at: wait(&delivery).map_or(At::Ready, At::Until),
            });
            line.deliveries.push_back((Arc::new(delivery), size));
        }
    }

    /// How many could be started.
    pub(crate) fn ready(&self, now: Instant) -> usize {
        self.lines.values().filter(|line| line.at.is_ready(now)).count()
    }

    /// Starts the oldest that can be.
    pub(crate) fn start(&mut self, now: Instant) -> Option<Arc<Delivery>> {
        let ready = self.lines.values_mut().filter(|line| line.at.is_ready(now));
        let line = ready.min_by_key(|line| line.deliveries.front().map(|(delivery, _)| delivery.n))?;
        line.at = At::Running;
        line.deliveries.front().map(|(delivery, _)| delivery.clone())
    }

    /// Ends an attempt; gives whether the queue may hold what there is room for now: of its key where the line has ended,
    /// of others where it has shrunk.
    pub(crate) fn finish(&mut self, key: &str, after: After) -> bool {
        let Some(line) = self.lines.get_mut(key) else { return true };
        let gone: Vec<usize> = match after {
            After::Again(when) => {
                line.at = At::Until(when);
                // What waits behind a failure waits in the queue: keys that fail must not take the room of all others.
                line.deliveries.drain(1..).map(|(_, size)| size).collect()
            }
            After::Next => {
                line.at = At::Ready;
                line.deliveries.pop_front().map(|(_, size)| size).into_iter().collect()
            }
        };
        self.events -= gone.len();
        self.bytes -= gone.iter().sum::<usize>();
        let ended = line.deliveries.is_empty();
        if ended {
            self.lines.remove(key);
        }
        ended || (!gone.is_empty() && matches!(after, After::Again(_)))
    }

    /// When the next line that waits may go on.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let waiting = self.lines.values().filter_map(|line| match line.at {
            At::Until(when) => Some(when),
            _ => None,
        });
        waiting.min()
    }
}

impl At {
    fn is_ready(self, now: Instant) -> bool {
        match self {
            Self::Ready => true,
            Self::Running => false,
            Self::Until(when) => when <= now,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bson::DateTime;
    use bson::oid::ObjectId;
    use tokio::time::Instant;
    use usher_contract::limits;

    use super::{After, Lines};
    use crate::document::{Delivery, State};

    fn delivery(n: i64, key: &str) -> (Delivery, usize) {
        let delivery = Delivery {
            id: ObjectId::new(),
            app: "app".to_owned(),
            trigger: "app/trigger".to_owned(),
            n,
            epoch: 1,
            key: key.to_owned(),
            state: State::Waiting,
            event: None,
            created: DateTime::now(),
            attempts: 0,
            failures: 0,
            unfinished: 0,
            replayed: false,
            unfit: false,
            due: None,
            error: None,
            died: None,
            expires: None,
        };
        (delivery, 100)
    }

    #[test]
    fn one_key_runs_in_order_and_others_beside_it() {
        let mut lines = Lines::default();
        let now = Instant::now();
        lines.add(vec![delivery(0, "a"), delivery(1, "a"), delivery(2, "b"), delivery(3, "a")], |_| None);
        let start = |lines: &mut Lines, now| lines.start(now).map(|delivery| delivery.n);
        assert_eq!(start(&mut lines, now), Some(0));
        assert_eq!(start(&mut lines, now), Some(2));
        assert_eq!(start(&mut lines, now), None, "1 waits for 0");
        assert!(!lines.finish("a", After::Next));
        assert!(lines.finish("b", After::Next), "the line of b has ended");
        assert_eq!(start(&mut lines, now), Some(1));

        let later = now + Duration::from_secs(1);
        assert!(lines.finish("a", After::Again(later)), "3 makes room for others");
        assert_eq!(lines.next_due(), Some(later));
        lines.add(vec![delivery(9, "c")], |_| None);
        assert_eq!(start(&mut lines, now), Some(9), "3 waits behind 1, c does not");
        assert_eq!(start(&mut lines, now), None);
        assert_eq!(start(&mut lines, later), Some(1), "the same again");
        assert!(!lines.finish("a", After::Again(later)), "nothing stands behind it");
        assert_eq!(start(&mut lines, later), Some(1));
        assert!(lines.finish("a", After::Next), "the queue has 3");
        lines.add(vec![delivery(3, "a")], |_| None);
        assert_eq!(start(&mut lines, later), Some(3));
        assert!(lines.finish("a", After::Next));
        assert_eq!(lines.keys(), ["c"]);
    }

    #[test]
    fn keys_that_fail_leave_room_for_others() {
        let mut lines = Lines::default();
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let most = i64::try_from(limits::TRIGGER_BUFFER_EVENTS).unwrap();
        lines.add((0..most).map(|n| delivery(n, &(n % 4).to_string())).collect(), |_| None);
        assert!(!lines.have_room());
        while let Some(delivery) = lines.start(now) {
            assert!(lines.finish(&delivery.key, After::Again(later)));
        }
        assert_eq!(lines.events, 4);
        assert_eq!(lines.bytes, 400);
    }

    #[test]
    fn room_is_bounded_by_number_and_by_size() {
        let mut lines = Lines::default();
        let most = i64::try_from(limits::TRIGGER_BUFFER_EVENTS).unwrap();
        lines.add((0..most).map(|n| delivery(n, &n.to_string())).collect(), |_| None);
        assert!(!lines.have_room());
        lines.start(Instant::now());
        lines.finish("0", After::Next);
        assert!(lines.have_room());
        lines.add(vec![(delivery(most, "big").0, limits::TRIGGER_BUFFER_BYTES)], |_| None);
        assert!(!lines.have_room());
    }
}
