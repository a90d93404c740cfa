//! Runs npm, into a directory that is whole or not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

/// How to get npm.
pub(super) const HOW: &str =
    "install Node.js with npm (https://nodejs.org; Debian, Ubuntu: `apt-get install nodejs npm`)";

/// Why packages could not be installed.
#[derive(Debug)]
pub(super) enum NpmError {
    /// There is no npm.
    Missing,
    /// What npm said, or the operating system.
    Failed(String),
}

impl From<io::Error> for NpmError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A directory in which npm ran with `arguments`, after `prepare` filled it. An earlier one of that name is taken as
/// it is. Install scripts never run: they would be the only code of an app that is not in a sandbox.
pub(super) fn installed(
    directory: &Path,
    arguments: &[&str],
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), NpmError> {
    once(directory, |part| {
        prepare(part)?;
        let mut npm = Command::new("npm");
        npm.arg("install").args(["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).args(arguments);
        let output = match npm.current_dir(part).stdin(Stdio::null()).output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NpmError::Missing),
            output => output?,
        };
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        // The last line names a log file of npm's.
        let lines = told.lines().filter(|line| !line.contains("debug-0.log") && !line.contains("complete log"));
        Err(NpmError::Failed(lines.collect::<Vec<_>>().join("\n").trim().to_owned()))
    })
}

/// Makes a directory, whole or not at all: under another name, which it loses when it is done. Two that make the same
/// do not meet.
pub(super) fn once<E: From<io::Error>>(directory: &Path, make: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = directory.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let part = tempfile::Builder::new().prefix("part-").tempdir_in(parent)?;
    make(part.path())?;
    match fs::rename(part.path(), directory) {
        // Somebody else was quicker.
        Err(_) if directory.is_dir() => Ok(()),
        Err(error) => Err(error.into()),
        // The directory has its name now, and nothing is left to remove.
        Ok(()) => {
            let _ = part.keep();
            Ok(())
        }
    }
}

/// A name for what is made of these bytes.
pub(super) fn name_for<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}

/// Where something of that kind and name is kept.
pub(super) fn kept(tools: &Path, kind: &str, name: &str) -> PathBuf {
    tools.join(kind).join(name)
}
