//! The database as a process: starting one, recognising one, ending one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgid, kill_process};
use tokio::process::{Child, Command};
use usher_contract::limits;

use super::error::EmbeddedError;
use super::program::{Kind, Program};
use super::record::Record;

/// The database's log is set aside when it has grown larger than this at a start.
const LOG_BYTES: u64 = 16 << 20;
/// Memory for the database's cache. The program's own default, 4 GiB, is meant for machines that run nothing else.
const CACHE: &str = "512M";
/// One file of the database's journal is allocated in full: the size of an empty store.
const JOURNAL_FILE: &str = "32MB";
/// How often a process that is not our child is looked at while we wait for its end.
const POLL: Duration = Duration::from_millis(20);
/// How long the kernel may take to end a killed process.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// Everything needed to start the database, and to start it again in the same place.
pub(crate) struct Launch {
    pub(crate) program: Program,
    /// The data directory, canonical.
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
}

/// Where the database keeps its files.
pub(crate) fn storage(directory: &Path) -> PathBuf {
    directory.join("database")
}

impl Launch {
    /// Direct: the address under which a one-member replica set announces itself does not matter then.
    pub(crate) fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("database.log")
    }

    /// An empty configuration file for the database program, which would otherwise read whichever lies about.
    fn config(&self) -> PathBuf {
        self.directory.join("database.toml")
    }

    /// Starts the process and records it.
    pub(crate) fn spawn(&self) -> Result<Child, EmbeddedError> {
        let log = self.open_log().map_err(|source| EmbeddedError::io(&self.log(), source))?;
        let errors = log.try_clone().map_err(|source| EmbeddedError::io(&self.log(), source))?;
        std::fs::write(self.config(), "").map_err(|source| EmbeddedError::io(&self.config(), source))?;
        let child = Command::new(&self.program.path)
            .args(self.arguments())
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C at a terminal goes to a whole group; the database must outlive those who use it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| EmbeddedError::io(&self.program.path, source))?;
        if let Some(pid) = child.id() {
            let record = Record { pid, port: self.port, uri: self.uri() };
            record.write(&self.directory).map_err(|source| EmbeddedError::io(&self.directory, source))?;
        }
        Ok(child)
    }

    fn arguments(&self) -> Vec<String> {
        let port = self.port.to_string();
        let storage = storage(&self.directory).to_string_lossy().into_owned();
        let config = self.config().to_string_lossy().into_owned();
        let arguments: &[&str] = match self.program.kind {
            Kind::Secantus => &[
                "--config",
                &config,
                "--host",
                "127.0.0.1",
                "--port",
                &port,
                "--storage-path",
                &storage,
                "--sync-on-commit",
                "--cache-size",
                CACHE,
                "--log-file-max",
                JOURNAL_FILE,
                "--log-level",
                "WARNING",
            ],
            Kind::Mongod => &[
                "--replSet",
                "usher",
                "--bind_ip",
                "127.0.0.1",
                "--port",
                &port,
                "--dbpath",
                &storage,
                "--wiredTigerCacheSizeGB",
                "0.5",
            ],
        };
        arguments.iter().map(|&argument| argument.to_owned()).collect()
    }

    fn open_log(&self) -> io::Result<File> {
        let path = self.log();
        if path.metadata().is_ok_and(|log| log.len() > LOG_BYTES) {
            std::fs::rename(&path, path.with_extension("log.old"))?;
        }
        File::options().create(true).append(true).open(path)
    }
}

/// Whether the recorded process still runs and is a database on this directory, not another with the same number.
pub(crate) fn is_ours(record: &Record, directory: &Path) -> bool {
    let storage = storage(directory);
    std::fs::read(format!("/proc/{}/cmdline", record.pid)).is_ok_and(|line| {
        let mut words = line.split(|byte| *byte == 0).map(|word| Path::new(as_os_str(word)).to_owned());
        let program = words.next().unwrap_or_default();
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name.starts_with("secantusd") || name.starts_with("mongod")) && words.any(|word| word == storage)
    })
}

fn as_os_str(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

/// Ends the database that a killed Usher left behind, if there is one.
pub(crate) async fn end_orphan(record: &Record, directory: &Path) -> Result<(), EmbeddedError> {
    let ours = || is_ours(record, directory);
    if !ours() {
        return Ok(());
    }
    tracing::info!(pid = record.pid, "ending the embedded database of an earlier run");
    for (signal, patience) in [(Signal::TERM, limits::DATABASE_STOP), (Signal::KILL, KILL_PATIENCE)] {
        send(record.pid, signal);
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if !ours() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Err(EmbeddedError::OrphanStays(record.pid))
}

/// Ends our database in order, or kills it where that takes too long.
pub(crate) async fn end(child: &mut Child) {
    if let Some(pid) = child.id() {
        send(pid, Signal::TERM);
    }
    if tokio::time::timeout(limits::DATABASE_STOP, child.wait()).await.is_err() {
        tracing::warn!("the embedded database does not stop; killing it");
        if let Err(error) = child.kill().await {
            tracing::error!(%error, "the embedded database cannot be killed");
        }
    }
}

/// Whether a process is the one that we started, or one that it started: a script may stand before the database.
pub(crate) fn in_group(pid: u32, ours: u32) -> bool {
    let of = |pid| i32::try_from(pid).ok().and_then(Pid::from_raw);
    of(pid).is_some_and(|pid| getpgid(Some(pid)).ok() == of(ours))
}

/// Sends a signal. That the process may be gone already is no error.
pub(crate) fn send(pid: u32, signal: Signal) {
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(Err(error)) = target.map(|target| kill_process(target, signal)) {
        tracing::debug!(pid, %error, "signal not delivered");
    }
}
