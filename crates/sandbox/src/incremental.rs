//! Compiled code of single functions, kept so that a component which differs from another in its data alone is compiled
//! without compiling.
//!
//! All apps with scripts run the same engine, and an edited script changes what is in its memory only. What is kept is
//! read when something has to be compiled, and let go after it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use usher_contract::limits;
use wasmtime::CacheStore;

use crate::precompiled;

/// A file with the code of functions, and what of it is in memory.
#[derive(Debug)]
pub(crate) struct Incremental {
    /// Set once the engine, whose configuration names the directory, exists.
    path: OnceLock<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Compilations that are under way.
    users: usize,
    /// Whether the file was read.
    read: bool,
    /// Whether there is anything that the file does not have.
    new: bool,
    entries: HashMap<Vec<u8>, Entry>,
}

#[derive(Debug)]
struct Entry {
    code: Vec<u8>,
    /// Whether a compilation asked for it, or made it, since the file was read.
    used: bool,
}

/// While one of these lives, what is kept stays in memory.
pub(crate) struct Compiling(Arc<Incremental>);

impl Incremental {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { path: OnceLock::new(), state: Mutex::default() })
    }

    /// Keeps what is compiled in a directory.
    pub(crate) fn keep_in(&self, directory: &Path) {
        let _ = self.path.set(directory.join("functions"));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while something is compiled.
    pub(crate) fn compiling(self: &Arc<Self>) -> Compiling {
        let mut state = self.state();
        state.users += 1;
        if !state.read {
            state.read = true;
            let sealed = self.path.get().and_then(|path| fs::read(path).ok()).unwrap_or_default();
            if let Some(content) = precompiled::opened(&sealed) {
                state.entries = entries(content);
            }
        }
        Compiling(self.clone())
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.users -= 1;
        if state.users > 0 {
            return;
        }
        let State { new, mut entries, .. } = std::mem::take(&mut *state);
        if entries.iter().map(|(key, entry)| key.len() + entry.code.len()).sum::<usize>()
            > limits::CACHED_FUNCTIONS_BYTES
        {
            entries.retain(|_, entry| entry.used);
        }
        let Some(path) = self.0.path.get().filter(|_| new) else { return };
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let written =
            fs::write(&temporary, precompiled::seal(&content(&entries))).and_then(|()| fs::rename(&temporary, path));
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "cannot keep compiled functions");
        }
    }
}

impl CacheStore for Incremental {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let mut state = self.state();
        let entry = state.entries.get_mut(key)?;
        entry.used = true;
        Some(Cow::Owned(entry.code.clone()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let mut state = self.state();
        state.new = true;
        state.entries.insert(key.to_vec(), Entry { code: value, used: true });
        true
    }
}

/// Entries one after the other, each part with its length in front.
fn content(entries: &HashMap<Vec<u8>, Entry>) -> Vec<u8> {
    let mut content = Vec::new();
    for part in entries.iter().flat_map(|(key, entry)| [key, &entry.code]) {
        content.extend_from_slice(&(part.len() as u64).to_le_bytes());
        content.extend_from_slice(part);
    }
    content
}

fn entries(mut content: &[u8]) -> HashMap<Vec<u8>, Entry> {
    let mut part = || {
        let (length, rest) = content.split_first_chunk::<8>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        content = rest;
        Some(part.to_vec())
    };
    let mut entries = HashMap::new();
    while let (Some(key), Some(code)) = (part(), part()) {
        entries.insert(key, Entry { code, used: false });
    }
    entries
}
