//! `usher dev`: serve one app and swap it whenever its directory changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use usher_app::Source;
use usher_logs::LogLevel;

use crate::commands::import;
use crate::commands::serve::Server;
use crate::host::Rooms;
use crate::output::Output;
use crate::{project, types};

/// Quiet time after a change before it is built: an editor that saves several files should cause one build.
const SETTLE: Duration = Duration::from_millis(150);

/// Directories whose changes are not the author's.
const IGNORED: &[&str] = &["target", "node_modules", ".git", ".usher"];

/// Files that building and preparing write.
const WRITTEN: &[&str] = &["Cargo.lock", "usher.d.ts", "jsconfig.json"];

/// Serve one app on the embedded database, and build and swap it again whenever its directory changes. A change that
/// does not build leaves the running app alone.
#[derive(clap::Args)]
pub(crate) struct Dev {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    #[command(flatten)]
    server: Server,
}

impl Dev {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let Self { directory, server } = self;
        let (changed, changes) = mpsc::channel(1);
        // Watching begins before the first build, so that no change is missed.
        let _watcher = watch(&directory, server.storage.directory(), changed)?;
        let host = server.open(LogLevel::All).await?;
        prepare(&directory, output);
        if let Err(error) = host.rooms.deploy_all(std::slice::from_ref(&directory), output).await {
            output.failure(&error);
            output.notice("waiting for a change that mends it");
        }
        let rooms = host.rooms.clone();
        let rebuild = async move { redeploy(&rooms, &directory, changes, output).await };
        server.serve(host, output, rebuild).await
    }
}

/// What an exported app lacks and its author would have to ask for: grants of what its scripts use, and types for the
/// editor. What cannot be written is said; the app may run without.
fn prepare(directory: &Path, output: Output) {
    // Mistakes are told when it is deployed.
    let Ok(loaded) = project::load(directory) else { return };
    let app = loaded.app;
    if !app.functions.values().any(|function| matches!(function.source, Source::JavaScript(_) | Source::Inline { .. }))
    {
        return;
    }
    if !app.usher.present {
        match import::write(&app, output) {
            Ok(()) => output.notice("usher.json grants what the functions use; look through it, and narrow it by hand"),
            Err(error) => output.notice(format!("grants were not written: {error:#}")),
        }
    }
    if let Err(error) = types::write_types(directory) {
        output.notice(format!("types for editors were not written: {error}"));
    }
}

/// Deploys after every change; ends only with its task.
async fn redeploy(rooms: &Rooms, directory: &Path, mut changes: mpsc::Receiver<()>, output: Output) {
    while changes.recv().await.is_some() {
        // More changes within the settling time belong to the same edit.
        while let Ok(Some(())) = tokio::time::timeout(SETTLE, changes.recv()).await {}
        output.progress("changed; building");
        match rooms.deploy(directory, output).await {
            Ok(deployment) => output.done(format!("app \"{}\" swapped in", deployment.app().id)),
            Err(error) => {
                output.failure(&error);
                output.notice("the app that ran before goes on running");
            }
        }
    }
}

fn watch(directory: &Path, data: &Path, changed: mpsc::Sender<()>) -> Result<RecommendedWatcher> {
    let root =
        directory.canonicalize().with_context(|| format!("there is no app directory {}", directory.display()))?;
    let below = root.clone();
    // The database writes below the app where somebody wants its data there.
    std::fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    let data = data.canonicalize()?;
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_))
            || !event.paths.iter().any(|path| is_source(&below, path) && !path.starts_with(&data))
        {
            return;
        }
        // A full channel already announces a change.
        let _ = changed.try_send(());
    })?;
    watcher.watch(&root, RecursiveMode::Recursive).with_context(|| format!("cannot watch {}", root.display()))?;
    Ok(watcher)
}

fn is_source(root: &Path, path: &Path) -> bool {
    path.strip_prefix(root).is_ok_and(|path| {
        !path.components().any(|part| IGNORED.iter().any(|ignored| part.as_os_str() == *ignored))
            && path.file_name().is_none_or(|name| !WRITTEN.iter().any(|written| name == *written))
    })
}
