//! `database.json`: which process serves a data directory, for tools beside Usher and for the start after a crash.

use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

const FILE: &str = "database.json";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    pub(crate) port: u16,
    pub(crate) uri: String,
}

impl Record {
    /// The record of the last start; none where there was none or it cannot be read.
    pub(crate) fn read(directory: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(directory.join(FILE)).ok()?).ok()
    }

    /// Replaces the record as a whole: a reader sees the old or the new one.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.persist(directory.join(FILE))?;
        Ok(())
    }
}
