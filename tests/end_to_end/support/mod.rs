//! What every end-to-end test stands on: app directories, a running Usher, a client, a look into the database.

mod app;
mod client;
mod usher;

pub(crate) use app::{AppDirectory, guest, guest_text, sample};
pub(crate) use client::{Client, Reply};
pub(crate) use usher::{Usher, program, run};

use std::path::{Path, PathBuf};

/// A path from the root of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
