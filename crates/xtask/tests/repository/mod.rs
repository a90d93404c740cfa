//! Reads the repository for the tests that hold it to its own documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask is two levels deep").to_path_buf()
}

/// A text file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines `left -> right right ...` of the one fenced block of that name in ARCHITECTURE.md.
#[allow(dead_code, reason = "not every test that includes this module reads the map")]
pub(crate) fn table(name: &str) -> BTreeMap<String, Vec<String>> {
    let text = read("ARCHITECTURE.md");
    let fence = format!("\n```{name}\n");
    let mut blocks = text.split(&fence).skip(1);
    let block = blocks.next().unwrap_or_else(|| panic!("ARCHITECTURE.md has no block ```{name}"));
    assert!(blocks.next().is_none(), "ARCHITECTURE.md has more than one block ```{name}");
    let (block, _) = block.split_once("\n```").expect("the block ends");
    let table: BTreeMap<_, _> = block
        .lines()
        .map(|line| {
            let (left, right) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in {line:?}"));
            (left.trim().to_owned(), right.split_whitespace().map(str::to_owned).collect())
        })
        .collect();
    assert_eq!(table.len(), block.lines().count(), "a name stands twice in ```{name}");
    table
}

/// Every Rust file of the repository, by its path from the root.
#[allow(dead_code, reason = "as above")]
pub(crate) fn rust_files() -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![root()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    pending.push(path);
                }
            } else if name.ends_with(".rs") {
                let relative = path.strip_prefix(root()).expect("below the root");
                found.push(relative.to_str().expect("UTF-8").replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}
