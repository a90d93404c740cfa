//! A digest of a function's code, to tell whether it changed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use usher_app::{App, Function, Source};

use crate::commands::import::sources;

/// Directories below `functions/` that hold no source.
const NO_SOURCE: &[&str] = &["target", "node_modules"];
/// What fixes the packages that JavaScript functions require.
const PACKAGES: &[&str] = &[
    "package.json",
    "functions/package.json",
    "functions/package-lock.json",
    "functions/node_modules/.package-lock.json",
    "functions/node_modules.tar",
    "functions/node_modules.tar.gz",
    "functions/node_modules.tgz",
    "functions/node_modules.zip",
];

/// A digest of everything in the app directory that a function is made of. It may cover more than that, never less.
pub(super) fn digest(app: &App, function: &Function) -> io::Result<String> {
    let mut files = Vec::new();
    let mut hash = Sha256::new();
    match &function.source {
        Source::Component(path) => files.push(path.clone()),
        Source::Crate(directory) => {
            walk(directory, &mut files)?;
            shared_crates(app, &mut files)?;
        }
        Source::Inline { file, source } => add(&mut hash, file, source.as_bytes()),
        Source::JavaScript(path) => {
            let closure = sources::closure(&app.directory, path);
            if closure.packages {
                files.extend(PACKAGES.iter().map(|file| app.directory.join(file)).filter(|file| file.is_file()));
            }
            files.extend(closure.files);
        }
    }
    files.sort();
    files.dedup();
    for file in files {
        let name = file.strip_prefix(&app.directory).unwrap_or(&file).display().to_string();
        add(&mut hash, &name, &fs::read(&file)?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// With lengths, so that no two sets of files run together to the same bytes.
fn add(hash: &mut Sha256, name: &str, content: &[u8]) {
    hash.update(format!("{name}\0{}\0", content.len()));
    hash.update(content);
}

/// The workspace of the functions, and crates in it that are no functions themselves: functions may share them.
fn shared_crates(app: &App, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let functions = app.directory.join("functions");
    let own: Vec<&PathBuf> = app
        .functions
        .values()
        .filter_map(|function| match &function.source {
            Source::Crate(directory) => Some(directory),
            _ => None,
        })
        .collect();
    for item in fs::read_dir(&functions)? {
        let path = item?.path();
        let is_function = own.iter().any(|directory| directory.starts_with(&path));
        if path.is_dir() && !is_function && !is_no_source(&path) {
            walk(&path, files)?;
        } else if path.file_name().is_some_and(|name| name == "Cargo.toml" || name == "Cargo.lock") {
            files.push(path);
        }
    }
    Ok(())
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for item in fs::read_dir(directory)? {
        let item = item?;
        let path = item.path();
        // A linked directory could lead in circles.
        if item.file_type()?.is_dir() {
            if !is_no_source(&path) {
                walk(&path, files)?;
            }
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn is_no_source(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') || NO_SOURCE.contains(&name)
}
