//! Compiled code on disk: keyed by the component and the engine's configuration, verified when read.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use usher_contract::limits;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::load::LoadError;
use crate::precompiled;
use crate::preload::Preloaded;

pub(crate) struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// Opens the cache below `directory`, in a part of its own for this engine's configuration.
    pub(crate) fn open(directory: &Path, engine: &Engine) -> Result<Self, LoadError> {
        let directory = directory.join(configuration(engine));
        let failed = |source| LoadError::Cache { path: directory.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        let metadata = fs::metadata(&directory).map_err(failed)?;
        // Whoever can write here can run native code in the host.
        if metadata.permissions().mode() & 0o022 != 0 || metadata.uid() != own_uid(&directory).map_err(failed)? {
            return Err(failed(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "others could write to it; make it the host's own (chmod 700)",
            )));
        }
        Ok(Self { directory })
    }

    /// Where compiled code of this engine is kept.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The compiled form of a component, where it is there and sound.
    pub(crate) fn get(&self, engine: &Engine, component: &[u8]) -> Option<Component> {
        let path = self.path(component);
        let sealed = fs::read(&path).ok()?;
        let loaded = precompiled::load(engine, &sealed);
        if loaded.is_none() {
            tracing::warn!(path = %path.display(), "compiled code in the cache is damaged; compiling again");
        }
        loaded
    }

    /// Keeps the compiled form of a component. A cache that cannot be written is slow, not wrong.
    pub(crate) fn put(&self, component: &[u8], compiled: &Component) {
        let written = compiled
            .serialize()
            .map_err(io::Error::other)
            .and_then(|artifact| self.write(&self.path(component), &precompiled::seal(&artifact)));
        if let Err(error) = written {
            tracing::warn!(%error, directory = %self.directory.display(), "cannot keep compiled code");
        }
    }

    /// What preloading made of an engine and scripts before.
    pub(crate) fn snapshot(&self, engine: &[u8], scripts: &[u8]) -> Option<Preloaded> {
        let sealed = fs::read(self.snapshot_path(engine, scripts)).ok()?;
        let (length, rest) = precompiled::opened(&sealed)?.split_first_chunk::<8>()?;
        let (facts, component) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        Some(Preloaded { component: component.to_vec(), facts: facts.to_vec() })
    }

    /// Keeps it.
    pub(crate) fn keep_snapshot(&self, engine: &[u8], scripts: &[u8], Preloaded { component, facts }: &Preloaded) {
        let content = [&(facts.len() as u64).to_le_bytes(), &facts[..], &component[..]].concat();
        if let Err(error) = self.write(&self.snapshot_path(engine, scripts), &precompiled::seal(&content)) {
            tracing::warn!(%error, directory = %self.directory.display(), "cannot keep preloaded scripts");
        }
    }

    fn snapshot_path(&self, engine: &[u8], scripts: &[u8]) -> PathBuf {
        let both = Sha256::new().chain_update(Sha256::digest(engine)).chain_update(Sha256::digest(scripts));
        self.directory.join(format!("{}.scripts", hex::encode(both.finalize())))
    }

    fn write(&self, path: &Path, sealed: &[u8]) -> io::Result<()> {
        // A name of its own until it is whole, so that no reader ever sees half of it.
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = fs::File::create(&temporary)?;
        file.write_all(sealed)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        self.prune(limits::CACHE_BYTES)
    }

    /// Removes the oldest files until no more than `most` bytes are left. Whoever needs one of them compiles again.
    fn prune(&self, most: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for file in fs::read_dir(&self.directory)? {
            let file = file?;
            let metadata = file.metadata()?;
            files.push((metadata.modified()?, metadata.len(), file.path()));
        }
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        files.sort();
        for (_, bytes, path) in files {
            if total <= most {
                break;
            }
            match fs::remove_file(path) {
                // Another host on this directory was faster.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => total -= bytes,
            }
        }
        Ok(())
    }

    fn path(&self, component: &[u8]) -> PathBuf {
        self.directory.join(hex::encode(Sha256::digest(component)))
    }
}

/// The user that files made here belong to, which is the user of this process.
fn own_uid(directory: &Path) -> io::Result<u32> {
    let probe = directory.join(format!(".owner-{}", std::process::id()));
    fs::File::create(&probe)?;
    let uid = fs::metadata(&probe).map(|metadata| metadata.uid());
    fs::remove_file(&probe)?;
    uid
}

/// A name for the engine's version and configuration.
fn configuration(engine: &Engine) -> String {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex::encode(&hasher.0.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_oldest_files_go_first() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache { directory: directory.path().to_owned() };
        for (name, age) in [("new", 1), ("old", 3), ("middle", 2)] {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_len(100).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age * 60)).unwrap();
        }
        let left = || {
            let mut names: Vec<_> = fs::read_dir(directory.path())
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        cache.prune(300).unwrap();
        assert_eq!(left(), ["middle", "new", "old"]);
        cache.prune(250).unwrap();
        assert_eq!(left(), ["middle", "new"]);
        cache.prune(0).unwrap();
        assert!(left().is_empty());
    }
}
