//! `usher serve`: apps for clients, until the process is told to stop.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use usher_contract::limits;
use usher_gateway::{GatewayOptions, Services};
use usher_logs::{LogLevel, LogOptions};
use usher_watch::Hub;

use crate::commands::secrets::Encryption;
use crate::files;
use crate::host::{Capacity, Host, Storage};
use crate::logging::Logging;
use crate::output::Output;

/// Serve apps to clients. Without --mongodb an embedded database is started and looked after.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// An app's directory; several apps may share a host. Apps of the database (see `usher admin`) are served beside them
    #[arg(long = "app", env = "USHER_APP", value_name = "DIR", num_args = 1..)]
    directories: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// What `serve` and `dev` have in common.
#[derive(clap::Args, Clone)]
pub(crate) struct Server {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, env = "USHER_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR")]
    listen: SocketAddr,
    /// The base URL that clients use, where it is not the address they connect to
    #[arg(long, env = "USHER_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Believe X-Forwarded-* headers; only behind a proxy that sets them itself
    #[arg(long, env = "USHER_TRUST_FORWARDED")]
    trust_forwarded: bool,
    /// Seconds for which a client may take nothing of what it is sent, before its connection is closed
    #[arg(long, env = "USHER_SEND_DEADLINE", default_value_t = limits::SEND_DEADLINE.as_secs(), value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    send_deadline: u64,
    /// Write {"url", "mongodb", "pid"} to this file once clients are served
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) storage: Storage,
    /// Days that an entry of the log is kept (see `usher logs`)
    #[arg(help_heading = "The log of apps", long, env = "USHER_LOG_RETENTION", default_value_t = 10, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    log_retention: u32,
    /// Which calls are in the log: all, or the noteworthy, which failed or wrote something. `dev` keeps all unless told
    #[arg(help_heading = "The log of apps", long, env = "USHER_LOG_CALLS", value_enum, value_name = "WHICH")]
    log_calls: Option<LogCalls>,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    capacity: Capacity,
    #[command(flatten)]
    logging: Logging,
}

/// Which calls are in the log.
#[derive(Clone, Copy, clap::ValueEnum)]
enum LogCalls {
    All,
    Noteworthy,
}

impl Serve {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let host = self.server.open(LogLevel::Noteworthy).await?;
        if let Err(error) = self.begin(&host, output).await {
            host.close().await;
            return Err(error);
        }
        self.server.serve(host, output, std::future::pending()).await
    }
}

impl Serve {
    async fn begin(&self, host: &Host, output: Output) -> Result<()> {
        if let Some(control) = &host.control
            && let Some(key) = control.first_key().await?
        {
            let json = json!({ "admin_key": { "public": key.public, "private": key.private } });
            let text = format!(
                "the first administrator's key, which is shown this once:\n  public   {}\n  private  {}",
                key.public, key.private
            );
            output.answer(&json, text);
        }
        host.rooms.deploy_all(&self.directories, output).await?;
        if self.directories.is_empty()
            && let Some(control) = &host.control
            && control.apps().await?.is_empty()
        {
            output.notice("there is no app yet: give its directory with --app, or deploy one over the admin API");
        }
        Ok(())
    }
}

impl Server {
    /// A host; `level` says which calls are in the log unless the command line does.
    pub(crate) async fn open(&self, level: LogLevel) -> Result<Host> {
        self.logging.start()?;
        let keyring = self.encryption.keyring()?;
        let level = match self.log_calls {
            Some(LogCalls::All) => LogLevel::All,
            Some(LogCalls::Noteworthy) => LogLevel::Noteworthy,
            None => level,
        };
        let retention = Duration::from_secs(u64::from(self.log_retention) * 24 * 60 * 60);
        Host::open(&self.storage, &self.capacity, LogOptions { retention, level }, keyring).await
    }

    /// Serves until the process is told to stop or `until` completes; then finishes running calls and ends the
    /// database last.
    pub(crate) async fn serve(self, host: Host, output: Output, until: impl Future<Output = ()> + Send) -> Result<()> {
        let told = told_to_stop();
        let stop = async {
            tokio::select! {
                () = told => {}
                () = until => {}
            }
            // Triggers finish while requests do.
            if let Some(triggers) = &host.rooms.triggers {
                triggers.stop_soon();
            }
        };
        let result = self.listen(&host, output, stop).await;
        host.close().await;
        result
    }

    async fn listen(self, host: &Host, output: Output, stop: impl Future<Output = ()> + Send) -> Result<()> {
        files::raise_limit();
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", self.listen))?;
        let control = host.control.clone().context("this host has no control plane")?;
        control.catch_up().await?;
        let following = tokio::spawn(control.clone().follow());
        let url = format!("http://{}", listener.local_addr()?);
        if let Some(file) = &self.ready_file {
            announce(file, &url, &host.mongodb).with_context(|| format!("cannot write {}", file.display()))?;
        }
        // Once for whoever reads: a person, or a machine that keeps the log.
        if output.json {
            tracing::info!(url, "serving");
        }
        output.done(format!("serving at {url}"));
        let database = host.database.clone();
        let services = Services {
            identity: host.rooms.identity.clone(),
            dispatcher: host.rooms.dispatcher.clone(),
            hub: Hub::new(host.database.clone()),
            control,
            options: GatewayOptions {
                public_url: self.public_url,
                trust_forwarded: self.trust_forwarded,
                send_deadline: Duration::from_secs(self.send_deadline),
                ready: Arc::new(move || {
                    let database = database.clone();
                    Box::pin(async move { database.ping().await.map_err(|error| error.to_string()) })
                }),
            },
        };
        usher_gateway::serve(listener, services, stop).await;
        following.abort();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Written under another name first, so that whoever waits for the file never reads half of it.
fn announce(file: &Path, url: &str, mongodb: &str) -> Result<()> {
    let temporary = file.with_extension("tmp");
    let ready = json!({ "url": url, "mongodb": mongodb, "pid": std::process::id() });
    // The connection string may hold a password.
    let mut open = std::fs::OpenOptions::new();
    open.write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?
        .write_all(ready.to_string().as_bytes())?;
    std::fs::rename(&temporary, file)?;
    Ok(())
}

/// Completes on SIGINT or SIGTERM, from this call on: whoever reads that clients are served may stop it at once.
fn told_to_stop() -> impl Future<Output = ()> + Send {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            tracing::error!("signals cannot be received; stop this process with SIGKILL");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
