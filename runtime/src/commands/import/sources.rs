//! The JavaScript that a function is made of: its own file and the local files that it requires.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use usher_js::{Scan, scan};

/// What a specifier may leave out.
const ENDINGS: &[&str] = &["", ".js", ".json", "/index.js"];

/// A function's files.
#[derive(Default)]
pub(crate) struct Closure {
    /// All of them, the function's own first.
    pub(crate) files: Vec<PathBuf>,
    /// What each source uses, with its file relative to the app directory.
    pub(crate) scans: Vec<(String, Scan)>,
    /// Why a source could not be read.
    pub(crate) problems: Vec<String>,
    /// Whether anything besides local files is required.
    pub(crate) packages: bool,
}

/// Reads a function's file and, from there, each local file that is required, within the app directory.
pub(crate) fn closure(directory: &Path, file: &Path) -> Closure {
    let mut closure = Closure::default();
    let mut seen = BTreeSet::new();
    let mut open = vec![file.to_owned()];
    while let Some(file) = open.pop() {
        if !seen.insert(file.clone()) {
            continue;
        }
        closure.files.push(file.clone());
        let name = file.strip_prefix(directory).unwrap_or(&file).display().to_string();
        if file.extension().is_some_and(|extension| extension == "json") {
            continue;
        }
        let source = match fs::read(&file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                closure.problems.push(format!("{name}: {error}"));
                continue;
            }
        };
        match scan(&name, &source) {
            Ok(scan) => {
                for require in &scan.requires {
                    match local(directory, &file, &require.specifier) {
                        Local::File(path) => open.push(path),
                        Local::Missing => {}
                        Local::Elsewhere => closure.packages = true,
                    }
                }
                closure.scans.push((name, scan));
            }
            Err(error) => closure.problems.push(error.to_string()),
        }
    }
    closure
}

enum Local {
    File(PathBuf),
    Missing,
    /// A package or a built-in module.
    Elsewhere,
}

fn local(directory: &Path, from: &Path, specifier: &str) -> Local {
    if !specifier.starts_with("./") && !specifier.starts_with("../") && specifier != "." && specifier != ".." {
        return Local::Elsewhere;
    }
    let base = plain(&from.parent().unwrap_or(directory).join(specifier));
    let candidates = ENDINGS.iter().map(|ending| PathBuf::from(format!("{}{ending}", base.display())));
    // What lies outside the app is refused when the app is deployed.
    match candidates.into_iter().find(|path| path.is_file() && path.starts_with(directory)) {
        Some(path) => Local::File(path),
        None => Local::Missing,
    }
}

/// A path without `.` and `..`, so that a file has one name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}
