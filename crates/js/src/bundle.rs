//! From an app's sources to the one document of scripts that the engine evaluates.
//!
//! Files of the app go to the engine as they are, so that errors name their lines. Packages are made one script by
//! esbuild, a program of its own: an app without packages and without `import` needs neither it nor npm. The bundlers
//! that are Rust libraries need a newer compiler than this workspace and some two hundred crates.

mod archive;
mod authority;
mod builtins;
mod dependencies;
mod document;
mod esbuild;
mod metafile;
mod npm;
mod packages;
mod resolve;
mod sources;

use std::path::PathBuf;

use usher_app::App;

pub use authority::authorities;

/// How to bundle.
#[derive(Debug, Clone)]
pub struct BundleOptions {
    /// A directory where packages and the bundler are installed and kept for the next time. Made where it is missing.
    pub tools: PathBuf,
    /// Whether packages that are not there may come later: it is told, and using one fails until then. Otherwise each
    /// is an error.
    pub packages_may_follow: bool,
}

/// Something that keeps an app's JavaScript from running.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}: {message}\n  {help}", place(file, *line, *column))]
pub struct BundleError {
    /// The file, relative to the app directory.
    pub file: String,
    /// The line, from 1; 0 where it is about the file as a whole.
    pub line: u32,
    /// The column, from 1; 0 where it is about the file as a whole.
    pub column: u32,
    /// The function, where the file is a function's.
    pub function: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl BundleError {
    /// An error about a file as a whole.
    fn file(file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { file: file.to_owned(), line: 0, column: 0, function: None, message, help }
    }
}

fn place(file: &str, line: u32, column: u32) -> String {
    if line == 0 { file.to_owned() } else { format!("{file}:{line}:{column}") }
}

/// The document of scripts, as BSON, of the functions that are JavaScript; `None` where there are none.
///
/// Blocks: files are read, and where packages are required, npm and the bundler may run. `progress` is told, a line at a
/// time, what is being done, and what the app's author should know though it is no error.
///
/// # Errors
/// Every problem of every file.
pub fn bundle(
    app: &App,
    options: &BundleOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<Option<Vec<u8>>, Vec<BundleError>> {
    let mut sources = sources::Sources::read(app);
    if sources.functions.is_empty() && sources.errors.is_empty() {
        return Ok(None);
    }
    let esbuild = esbuild::Esbuild::new(&options.tools);
    sources.transform_modules(&esbuild, progress);
    let dependencies = dependencies::bundle(app, &mut sources, &esbuild, options, progress);
    for notice in std::mem::take(&mut sources.notices) {
        progress(&notice);
    }
    let errors = in_order(std::mem::take(&mut sources.errors));
    if !errors.is_empty() {
        return Err(errors);
    }
    document::write(app, sources, dependencies).map(Some).map_err(|error| vec![error])
}

/// Every problem of an app's sources, and of what they require, that shows before anything is installed, unpacked or
/// bundled: what [`bundle()`] finds first.
pub fn check(app: &App) -> Vec<BundleError> {
    let mut sources = sources::Sources::read(app);
    dependencies::check(app, &mut sources);
    in_order(sources.errors)
}

fn in_order(mut errors: Vec<BundleError>) -> Vec<BundleError> {
    errors.sort();
    // A file that is a function and is required, too, was read twice.
    errors.dedup_by(|second, first| {
        let same = (&first.file, first.line, first.column, &first.message)
            == (&second.file, second.line, second.column, &second.message);
        if same {
            first.function = first.function.take().or(second.function.take());
        }
        same
    });
    errors
}
