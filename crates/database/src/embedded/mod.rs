//! The embedded database: a database program that Usher starts, supervises and stops. It is only ever run, never
//! linked: the usual program is under the GPL.

mod error;
mod port;
mod process;
mod program;
mod ready;
mod record;
mod supervise;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use error::EmbeddedError;
use process::Launch;
use record::Record;
use supervise::Supervisor;

/// How long a start waits for another Usher to let go of the data directory: one that is just ending.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How many ports are tried. That one is taken under our hands is rare; twice in a row means something else.
const PORTS: usize = 5;
const LOCK_FILE: &str = "lock";

/// A running database of our own. [`stop`](Self::stop) ends it in order; dropping it kills it.
pub struct Embedded {
    uri: String,
    supervisor: Supervisor,
    _lock: File,
}

impl Embedded {
    /// Starts the database with its data under `data_directory` and waits until it answers.
    ///
    /// `program` overrides the search for one: the environment variable `USHER_DATABASE_PROGRAM`, `secantusd-rs`
    /// beside the running executable or in `tools/bin` near it, on the PATH or in `~/.cargo/bin`, then `mongod` on
    /// the PATH. A database that a killed Usher left behind in the directory is ended first. Must be called in a
    /// Tokio runtime.
    ///
    /// # Errors
    /// See [`EmbeddedError`]; each says what to do.
    pub async fn start(data_directory: &Path, program: Option<&Path>) -> Result<Self, EmbeddedError> {
        let directory = prepare(data_directory)?;
        let lock = lock(&directory).await?;
        let program = program::find(program)?;
        let last = Record::read(&directory);
        if let Some(last) = &last {
            process::end_orphan(last, &directory).await?;
        }
        let port = port::choose(last.map(|last| last.port)).map_err(|source| EmbeddedError::io(&directory, source))?;
        let mut launch = Launch { program, directory, port };
        let mut ports = 1;
        let child = loop {
            let mut child = launch.spawn()?;
            match ready::wait(&launch, &mut child).await {
                Ok(()) => break child,
                Err(EmbeddedError::PortTaken(port)) if ports < PORTS => {
                    tracing::info!(port, "another program took the port; trying another");
                    process::end(&mut child).await;
                    launch.port = port::choose(None).map_err(|source| EmbeddedError::io(&launch.directory, source))?;
                    ports += 1;
                }
                Err(error) => return Err(error),
            }
        };
        Ok(Self { uri: launch.uri(), supervisor: Supervisor::start(launch, child), _lock: lock })
    }

    /// The URI to connect to.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The process id of the database, which changes when it is started again; none in between.
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.pid()
    }

    /// Stops the database: asks it, waits up to [`DATABASE_STOP`](usher_contract::limits::DATABASE_STOP), then kills it.
    pub async fn stop(self) {
        self.supervisor.stop().await;
    }
}

/// The URI of the database that a running Usher has started in this data directory, for tools beside it.
pub fn running(data_directory: &Path) -> Option<String> {
    let directory = data_directory.canonicalize().ok()?;
    let lock = File::open(directory.join(LOCK_FILE)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            Record::read(&directory).filter(|record| process::is_ours(record, &directory)).map(|record| record.uri)
        }
        _ => None,
    }
}

/// Whether an embedded database has ever been started in this data directory.
pub fn exists(data_directory: &Path) -> bool {
    process::storage(data_directory).exists()
}

fn prepare(data_directory: &Path) -> Result<PathBuf, EmbeddedError> {
    std::fs::create_dir_all(process::storage(data_directory))
        .and_then(|()| data_directory.canonicalize())
        .map_err(|source| EmbeddedError::io(data_directory, source))
}

async fn lock(directory: &Path) -> Result<File, EmbeddedError> {
    let path = directory.join(LOCK_FILE);
    let begun = Instant::now();
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| EmbeddedError::io(&path, source))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(EmbeddedError::Locked { directory: directory.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(EmbeddedError::io(&path, source)),
        }
    }
}
