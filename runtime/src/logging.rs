//! Structured logs on standard error.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Args, Clone)]
#[command(next_help_heading = "The host's own log, on standard error")]
pub(crate) struct Logging {
    /// What to log: a level, or levels by target such as `info,usher::function=debug`
    #[arg(long, env = "USHER_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// The form of a log line
    #[arg(long, env = "USHER_LOG_FORMAT", default_value = "text", value_enum, value_name = "FORMAT")]
    log_format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object a line, for machines
    Json,
}

impl Logging {
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        let filter = EnvFilter::try_new(&self.log)
            .map_err(|error| anyhow::anyhow!("--log {}: {error}; try \"info\" or \"debug\"", self.log))?;
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        match self.log_format {
            Format::Text => subscriber.with_ansi(io::stderr().is_terminal()).init(),
            Format::Json => subscriber.json().flatten_event(true).init(),
        }
        Ok(())
    }
}

/// Commands that answer and end log only what went wrong, and what functions write.
pub(crate) fn quiet() {
    let filter = EnvFilter::try_from_env("USHER_LOG").unwrap_or_else(|_| EnvFilter::new("warn,usher::function=info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .without_time()
        .try_init();
}
