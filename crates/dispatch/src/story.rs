//! What the log keeps of a call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bson::DateTime;
use usher_contract::host::Level;
use usher_contract::limits;
use usher_logs::{Entry, Kind, Line, Logs};

use crate::call::{Call, CallError, Caller, Origin};

/// What a call writes, and the calls that it makes.
#[derive(Default)]
pub(crate) struct Story(Mutex<Lines>);

#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    bytes: usize,
    /// Bytes of memory times microseconds.
    memory_time: u128,
}

impl Story {
    pub(crate) fn write(&self, level: Level, text: &str) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.bytes > limits::LOG_ENTRY_BYTES {
            return;
        }
        written.bytes += text.len();
        let full = written.bytes > limits::LOG_ENTRY_BYTES;
        let text = if full { "further lines are in the log of the host only" } else { text };
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        written.lines.push(Line { level: level.to_owned(), text: text.to_owned() });
    }

    /// Counts what one run has used.
    pub(crate) fn use_memory(&self, memory: usize, time: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).memory_time += memory as u128 * time.as_micros();
    }

    /// What was written.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }
}

/// A call that is under way, as its entry will name it.
pub(crate) struct Report {
    logs: Arc<Logs>,
    story: Arc<Story>,
    entry: Entry,
}

impl Report {
    pub(crate) fn begin(logs: &Arc<Logs>, call: &Call, story: Arc<Story>) -> Self {
        let mut entry = Entry::begin(&call.deployment.app().id, &call.id, kind(call));
        entry.function_name = Some(call.function.clone());
        if let Origin::Trigger { name, .. } = &call.origin {
            entry.event_subscription_name = Some(name.to_string());
        }
        if let Caller::User { id, .. } = &call.caller {
            entry.user_id = Some(id.clone());
        }
        Self { logs: logs.clone(), story, entry }
    }

    pub(crate) fn end<T>(mut self, outcome: &Result<T, CallError>) {
        {
            let told = self.story.0.lock().unwrap_or_else(PoisonError::into_inner);
            self.entry.messages.clone_from(&told.lines);
            self.entry.mem_time_usage = i64::try_from(told.memory_time / 1_000_000).ok();
        }
        if let Err(error) = outcome {
            let (code, message) = match error {
                CallError::NotFound(_) => ("FunctionNotFound", error.to_string()),
                CallError::Overloaded(message) => ("Overloaded", message.clone()),
                CallError::Failed(failure) => (failure.code.as_ref(), failure.message.clone()),
            };
            self.entry.error_code = Some(code.to_owned());
            self.entry.error = Some(limits::log_line(&message).to_string());
        }
        self.entry.completed = DateTime::now();
        self.logs.record(self.entry);
    }
}

fn kind(call: &Call) -> Kind {
    match &call.origin {
        Origin::Endpoint { .. } if call.function.starts_with("incoming_webhooks/") => Kind::Webhook,
        Origin::Endpoint { .. } => Kind::Endpoint,
        Origin::Trigger { kind, .. } => *kind,
        _ => Kind::Function,
    }
}
