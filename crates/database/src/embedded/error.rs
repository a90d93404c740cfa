//! Why the embedded database could not be started.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded database could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No program to run.
    #[error(
        "no database program found. Install one with\n  \
         cargo install secantus-mdb --version 0.5.3-beta.196 --ignore-rust-version\n\
         (needs cmake and a C compiler, takes some minutes), or put a mongod on the PATH, or use a MongoDB that runs \
         already: --mongodb URI"
    )]
    NoProgram,
    /// The program that was named does not exist.
    #[error("there is no database program at {}", .0.display())]
    ProgramMissing(PathBuf),
    /// Another Usher holds the data directory.
    #[error(
        "another Usher is using {}. Stop it, or choose another data directory with --data",
        directory.display()
    )]
    Locked {
        /// The data directory.
        directory: PathBuf,
    },
    /// The program ended, or did not answer in time.
    #[error("the embedded database {what}. Its log, {}, ends with:\n{tail}", log.display())]
    NotReady {
        /// What happened.
        what: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// Another program took the port before the database could, again and again.
    #[error("another program listens on port {0}, which was free when the embedded database was started; try again")]
    PortTaken(u16),
    /// A database left behind by a killed Usher does not end.
    #[error("the database of an earlier run (process {0}) does not end; end it by hand and try again")]
    OrphanStays(u32),
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl EmbeddedError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
