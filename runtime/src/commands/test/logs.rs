//! The lines that functions log, kept for the test that is running.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, filter, fmt as text};

/// Where dispatch sends what functions log.
const TARGET: &str = "usher::function";

/// The lines so far; tests run one after the other.
#[derive(Clone, Default)]
pub(super) struct Logs(Arc<Mutex<Vec<String>>>);

impl Logs {
    /// Keeps the functions' lines from now on; of the rest, only what went wrong is shown.
    pub(super) fn capture() -> Self {
        let logs = Self::default();
        let shown = EnvFilter::try_from_env("USHER_LOG").unwrap_or_else(|_| EnvFilter::new("warn,usher::function=off"));
        let shown = text::layer()
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .without_time()
            .with_filter(shown);
        let kept = logs.clone().with_filter(filter::filter_fn(|event| event.target() == TARGET));
        let _ = tracing_subscriber::registry().with(kept).with(shown).try_init();
        logs
    }

    /// The lines since the last time.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Logs {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.0);
    }
}

/// The message of an event without its other fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_functions_own_lines_are_kept() {
        let logs = Logs::default();
        let kept = logs.clone().with_filter(filter::filter_fn(|event| event.target() == TARGET));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(kept), || {
            let line = "a \"quoted\" line";
            tracing::debug!(target: "usher::function", function = "f", "{line}");
            tracing::error!("something else");
        });
        assert_eq!(logs.take(), ["a \"quoted\" line"]);
        assert!(logs.take().is_empty());
    }
}
