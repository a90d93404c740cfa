//! From source to component: `cargo build` for the functions that are crates.
//!
//! This runs the build scripts and macros of the app's author, with the rights of whoever runs Usher.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::{App, Source};

const TARGET: &str = "wasm32-wasip2";
/// How rustc says that the standard library for the target is not there.
const TARGET_MISSING: &str = "target may not be installed";
/// What Cargo begins a line of progress with; everything else it writes is about warnings and errors.
const PROGRESS: [&str; 11] = [
    "Blocking",
    "Building",
    "Compiling",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Adding",
    "Updating",
    "Waiting",
];

/// Why functions could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no Cargo.
    #[error(
        "cargo was not found ({0}); install Rust from https://rustup.rs, or give components (functions/<name>.wasm) \
         in place of crates"
    )]
    CargoMissing(PathBuf),
    /// The toolchain cannot compile for WASI.
    #[error("the Rust toolchain has no target {TARGET}; run `rustup target add {TARGET}`")]
    TargetMissing,
    /// Functions that do not compile, all of them.
    #[error("{}", list(.0))]
    Failed(Vec<Failed>),
    /// The result could not be put into the target directory.
    #[error("{}: {error}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A function that does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its name.
    pub function: String,
    /// What Cargo and the compiler say, for a person.
    pub diagnostics: String,
}

fn list(failed: &[Failed]) -> String {
    let one = |failed: &Failed| format!("function {:?} was not built:\n{}", failed.function, failed.diagnostics);
    failed.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The component of each function of an app, by the function's name. Crates are built, in the `release` profile, with
/// everything that Cargo makes below `target`; components are taken as they are. Blocks until all is done.
///
/// `progress` is told, a line at a time, what is being done.
///
/// # Errors
/// All functions that do not compile; or that there is no Cargo, or no target `wasm32-wasip2`.
pub fn build(
    app: &App,
    target: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    build_with(&cargo, app, target, progress)
}

fn build_with(
    cargo: &OsStr,
    app: &App,
    target: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    // Cargo runs elsewhere.
    let target = std::path::absolute(target).map_err(|error| BuildError::Io { path: target.to_owned(), error })?;
    let mut components = BTreeMap::new();
    let mut failed = Vec::new();
    for (name, function) in &app.functions {
        let component = match &function.source {
            // Nothing to build: its code goes to the engine as it is.
            Source::JavaScript(_) | Source::Inline { .. } => continue,
            Source::Component(path) => path.clone(),
            Source::Crate(directory) => {
                progress(&format!("building the function {name}"));
                match cargo_build(cargo, directory, &target, progress)? {
                    Ok(artifact) => keep(&artifact, &target.join("usher").join(&app.id), name)?,
                    Err(diagnostics) => {
                        failed.push(Failed { function: name.clone(), diagnostics });
                        continue;
                    }
                }
            }
        };
        components.insert(name.clone(), component);
    }
    if failed.is_empty() { Ok(components) } else { Err(BuildError::Failed(failed)) }
}

/// The component that Cargo makes of a crate, or why it makes none.
fn cargo_build(
    cargo: &OsStr,
    directory: &Path,
    target: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Result<PathBuf, String>, BuildError> {
    let manifest = match fs::canonicalize(directory.join("Cargo.toml")) {
        Ok(manifest) => manifest,
        Err(e) => return Ok(Err(format!("{}/Cargo.toml: {e}", directory.display()))),
    };
    let unable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => BuildError::CargoMissing(cargo.into()),
        _ => BuildError::Io { path: cargo.into(), error },
    };
    let target = target.join(workspace(cargo, directory).map_err(unable)?);
    let mut command = quiet(cargo, directory);
    command.args(["build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics"]);
    command.arg("--target-dir").arg(target).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(unable)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (artifact, diagnostics) = std::thread::scope(|scope| {
        let messages = scope.spawn(|| stdout.and_then(|stdout| artifact(stdout, &manifest)));
        let diagnostics = stderr.map(|stderr| tell(stderr, progress)).unwrap_or_default();
        (messages.join().ok().flatten(), diagnostics)
    });
    let status = child.wait().map_err(unable)?;
    if diagnostics.contains(TARGET_MISSING) {
        return Err(BuildError::TargetMissing);
    }
    Ok(match artifact {
        Some(artifact) if status.success() => Ok(artifact),
        None if status.success() => Err("cargo made no component; add [lib] with crate-type = [\"cdylib\"]".into()),
        _ if diagnostics.is_empty() => Err(format!("cargo ended with {status}")),
        _ => Err(diagnostics),
    })
}

/// Cargo in the directory of a crate, undisturbed.
fn quiet(cargo: &OsStr, directory: &Path) -> Command {
    let mut command = Command::new(cargo);
    command.current_dir(directory).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| disturbs(name)) {
        command.env_remove(name);
    }
    command
}

/// A name for the workspace of a crate. Each gets a target directory of its own: in a shared one, Cargo takes crates
/// of the same name and version for one and the same, and would give one function the code of another.
fn workspace(cargo: &OsStr, directory: &Path) -> io::Result<String> {
    let mut command = quiet(cargo, directory);
    let located = command.args(["locate-project", "--workspace", "--message-format=plain"]).output()?;
    let mut hasher = DefaultHasher::new();
    match located.status.success() {
        true => located.stdout.hash(&mut hasher),
        // The build will say what is wrong.
        false => directory.hash(&mut hasher),
    }
    Ok(format!("workspace-{:016x}", hasher.finish()))
}

/// Whether an environment variable that a surrounding Cargo or shell left would change the inner build. The choice of
/// the toolchain (`RUSTUP_TOOLCHAIN`) stays.
fn disturbs(name: &OsStr) -> bool {
    const NAMES: [&str; 5] =
        ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_MAKEFLAGS", "RUSTC_WORKSPACE_WRAPPER"];
    let name = name.to_string_lossy();
    NAMES.contains(&&*name) || name.starts_with("CARGO_BUILD_")
}

/// The last component that Cargo's messages tell of for the package of `manifest`.
fn artifact(stdout: ChildStdout, manifest: &Path) -> Option<PathBuf> {
    let mut artifact = None;
    for line in lines(stdout) {
        // Build scripts can print lines of their own.
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let has = |list: &Value, wanted: &str| list.as_array().is_some_and(|l| l.iter().any(|item| item == wanted));
        let ours = message["reason"] == "compiler-artifact"
            && message["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest)
            && has(&message["target"]["crate_types"], "cdylib");
        if ours && let Some(files) = message["filenames"].as_array() {
            let wasm = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm"));
            artifact = wasm.map(PathBuf::from).or(artifact);
        }
    }
    artifact
}

/// Passes Cargo's progress on and gives the rest.
fn tell(stderr: impl Read, progress: &mut dyn FnMut(&str)) -> String {
    let mut rest = String::new();
    for line in lines(stderr) {
        let first = line.split_whitespace().next().unwrap_or_default();
        // Diagnostics quote source code, which may begin with any word but comes after a margin.
        if line.starts_with(' ') && PROGRESS.contains(&first) {
            progress(line.trim());
        } else {
            rest.push_str(&line);
            rest.push('\n');
        }
    }
    rest.trim_end().to_owned()
}

fn lines(stream: impl Read) -> impl Iterator<Item = String> {
    let chunks = BufReader::new(stream).split(b'\n').map_while(Result::ok);
    chunks.map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// Copies a component to where no other crate's of the same name can replace it.
fn keep(artifact: &Path, directory: &Path, function: &str) -> Result<PathBuf, BuildError> {
    // A dot cannot be in a function's name, so two functions never share a file.
    let kept = directory.join(format!("{}.wasm", function.replace('/', ".")));
    let part = kept.with_extension("wasm.part");
    let copy = || {
        fs::create_dir_all(directory)?;
        fs::copy(artifact, &part)?;
        fs::rename(&part, &kept)
    };
    copy().map_err(|error: io::Error| BuildError::Io { path: kept.clone(), error })?;
    Ok(kept)
}

#[cfg(test)]
mod tests;
