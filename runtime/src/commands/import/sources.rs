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
    closure.follow(directory, vec![file.to_owned()]);
    closure
}

/// The same of a source that stands in a configuration file: it requires what a file beside that could.
pub(crate) fn inline_closure(directory: &Path, file: &str, source: &str) -> Closure {
    let mut closure = Closure::default();
    let open = closure.scan(directory, &directory.join(file), source);
    closure.follow(directory, open);
    closure
}

impl Closure {
    fn follow(&mut self, directory: &Path, mut open: Vec<PathBuf>) {
        let mut seen = BTreeSet::new();
        while let Some(file) = open.pop() {
            if !seen.insert(file.clone()) {
                continue;
            }
            self.files.push(file.clone());
            if file.extension().is_some_and(|extension| extension == "json") {
                continue;
            }
            match fs::read(&file) {
                Ok(bytes) => open.extend(self.scan(directory, &file, &String::from_utf8_lossy(&bytes))),
                Err(error) => self.problems.push(format!("{}: {error}", name(directory, &file))),
            }
        }
    }

    /// Notes what a source uses; gives the local files that it requires.
    fn scan(&mut self, directory: &Path, file: &Path, source: &str) -> Vec<PathBuf> {
        let name = name(directory, file);
        let scan = match scan(&name, source) {
            Ok(scan) => scan,
            Err(error) => {
                self.problems.push(error.to_string());
                return Vec::new();
            }
        };
        let mut required = Vec::new();
        for require in &scan.requires {
            match local(directory, file, &require.specifier) {
                Local::File(path) => required.push(path),
                Local::Missing => {}
                Local::Elsewhere => self.packages = true,
            }
        }
        self.scans.push((name, scan));
        required
    }
}

/// A file as people are told of it.
fn name(directory: &Path, file: &Path) -> String {
    file.strip_prefix(directory).unwrap_or(file).display().to_string()
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
