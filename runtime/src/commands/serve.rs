//! `usher serve`: apps for clients, until the process is told to stop.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use usher_gateway::{GatewayOptions, Services};

use crate::host::{Capacity, Host, Storage};
use crate::logging::Logging;
use crate::output::Output;

/// Serve apps to clients. Without --mongodb an embedded database is started and looked after.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// An app's directory; several apps may share a host
    #[arg(long = "app", env = "USHER_APP", value_name = "DIR", required = true, num_args = 1..)]
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
    /// Write {"url", "mongodb", "pid"} to this file once clients are served
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) storage: Storage,
    #[command(flatten)]
    capacity: Capacity,
    #[command(flatten)]
    logging: Logging,
}

impl Serve {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let host = self.server.open().await?;
        if let Err(error) = host.rooms.deploy_all(&self.directories, output).await {
            host.close().await;
            return Err(error);
        }
        self.server.serve(host, output, std::future::pending()).await
    }
}

impl Server {
    pub(crate) async fn open(&self) -> Result<Host> {
        self.logging.start()?;
        Host::open(&self.storage, &self.capacity).await
    }

    /// Serves until the process is told to stop or `until` completes; then finishes running calls and ends the
    /// database last.
    pub(crate) async fn serve(self, host: Host, output: Output, until: impl Future<Output = ()> + Send) -> Result<()> {
        let stop = async {
            tokio::select! {
                () = told_to_stop() => {}
                () = until => {}
            }
        };
        let result = self.listen(&host, output, stop).await;
        host.close().await;
        result
    }

    async fn listen(self, host: &Host, output: Output, stop: impl Future<Output = ()> + Send) -> Result<()> {
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", self.listen))?;
        let url = format!("http://{}", listener.local_addr()?);
        if let Some(file) = &self.ready_file {
            announce(file, &url, &host.mongodb).with_context(|| format!("cannot write {}", file.display()))?;
        }
        tracing::info!(url, "serving");
        output.done(format!("serving at {url}"));
        let database = host.database.clone();
        let services = Services {
            identity: host.rooms.identity.clone(),
            dispatcher: host.rooms.dispatcher.clone(),
            options: GatewayOptions {
                public_url: self.public_url,
                trust_forwarded: self.trust_forwarded,
                ready: Arc::new(move || {
                    let database = database.clone();
                    Box::pin(async move { database.ping().await.map_err(|error| error.to_string()) })
                }),
            },
        };
        usher_gateway::serve(listener, services, stop).await;
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

/// Completes on SIGINT or SIGTERM.
async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be received; stop this process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
