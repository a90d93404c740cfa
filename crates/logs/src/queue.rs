//! Where entries wait to be written: bounded by number and by bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, Receiver, Sender};
use usher_contract::limits;

use crate::entry::Entry;

/// The way in.
pub(crate) struct Queue {
    /// Entries that say something.
    noteworthy: Sender<Entry>,
    /// The others, which have a small room of their own, so that they never take that of the first.
    plain: Sender<Entry>,
    counts: Arc<Counts>,
}

/// The way out.
pub(crate) struct Queued {
    noteworthy: Receiver<Entry>,
    plain: Receiver<Entry>,
    /// Nothing more is let in; what is there is taken.
    closed: bool,
    pub(crate) counts: Arc<Counts>,
}

#[derive(Default)]
pub(crate) struct Counts {
    /// Bytes that wait.
    bytes: AtomicUsize,
    /// Entries that found no room since the last time that it was told.
    lost: AtomicU64,
    closed: AtomicBool,
    /// Wakes the writer when the queue is closed.
    closing: tokio::sync::Notify,
}

pub(crate) fn queue() -> (Queue, Queued) {
    let counts = Arc::<Counts>::default();
    let (noteworthy, first) = mpsc::channel(limits::LOG_QUEUE);
    let (plain, second) = mpsc::channel(limits::LOG_QUEUE_PLAIN);
    let queued = Queued { noteworthy: first, plain: second, closed: false, counts: counts.clone() };
    (Queue { noteworthy, plain, counts }, queued)
}

impl Queue {
    /// Puts an entry at the end, or counts it as lost.
    pub(crate) fn push(&self, entry: Entry) {
        let bytes = entry.bytes();
        let waiting = self.counts.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let room = waiting <= limits::LOG_QUEUE_BYTES && !self.counts.closed.load(Ordering::Relaxed);
        let way = if entry.is_noteworthy() { &self.noteworthy } else { &self.plain };
        if !room || way.try_send(entry).is_err() {
            self.counts.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets nothing more in.
    pub(crate) fn close(&self) {
        self.counts.closed.store(true, Ordering::Relaxed);
        self.counts.closing.notify_one();
    }
}

impl Queued {
    /// Waits for entries and takes as many as are there, at most `most`; `false` where no more will come.
    pub(crate) async fn take(&mut self, into: &mut Vec<Entry>, most: usize) -> bool {
        if !self.closed {
            let first = tokio::select! {
                biased;
                entry = self.noteworthy.recv() => entry,
                entry = self.plain.recv() => entry,
                () = self.counts.closing.notified() => None,
            };
            self.closed = first.is_none();
            into.extend(first);
        }
        while into.len() < most
            && let Ok(entry) = self.noteworthy.try_recv().or_else(|_| self.plain.try_recv())
        {
            into.push(entry);
        }
        let bytes: usize = into.iter().map(Entry::bytes).sum();
        self.counts.bytes.fetch_sub(bytes, Ordering::Relaxed);
        !self.closed || !into.is_empty()
    }
}

impl Counts {
    /// Counts entries that could not be written.
    pub(crate) fn lose(&self, entries: usize) {
        self.lost.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// How many were lost since this was asked last.
    pub(crate) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}
