//! App directories made of path and content, for tests.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use usher_app::{Loaded, Mistakes, load, load_files};

/// Files by path; a later one of the same path replaces an earlier one.
pub type Files<'a> = &'a [(&'a str, &'a str)];

/// A small app without mistakes.
pub const BASE: Files<'static> = &[
    ("realm_config.json", "{\n  \"config_version\": 20210101,\n  \"name\": \"shop\"\n}"),
    ("auth/providers.json", "{\"anon-user\": {\"name\": \"anon-user\", \"type\": \"anon-user\", \"disabled\": false}}"),
    ("functions/config.json", "[\n  {\"name\": \"hello\"}\n]"),
    ("functions/hello.wasm", ""),
];

pub fn write(directory: &Path, files: Files<'_>) {
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

pub fn directory(files: Files<'_>) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), files);
    directory
}

/// Loads the files from a directory and from memory, and checks that both come out the same.
pub fn load_both(files: Files<'_>) -> Result<Loaded, Mistakes> {
    let directory = directory(files);
    let from_disk = load(directory.path());
    let in_memory: BTreeMap<PathBuf, Vec<u8>> =
        files.iter().map(|(path, content)| (path.into(), content.as_bytes().to_vec())).collect();
    match (&from_disk, load_files(&in_memory)) {
        (Ok(disk), Ok(memory)) => assert_eq!(disk.notices, memory.notices),
        (Err(disk), Err(memory)) => assert_eq!(*disk, memory),
        (disk, memory) => panic!("from disk: {disk:?}\nfrom memory: {memory:?}"),
    }
    from_disk
}
