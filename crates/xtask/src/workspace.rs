//! Where things are, and how programs are started from here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

/// Where cargo puts what it builds for this workspace.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        // Relative to where the person stands, as cargo itself takes it.
        Some(directory) => std::path::absolute(&directory).unwrap_or_else(|_| directory.into()),
        None => root().join("target"),
    }
}

/// Cargo at the root of the repository, without the variables that `cargo run` adds for xtask: build scripts
/// watch some of them, and would build everything anew.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let added = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|p| name.starts_with(p))
                || ["CARGO", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
        });
        if added {
            command.env_remove(name);
        }
    }
    command
}

/// Cargo for another workspace or package: nothing that was set for this one's builds reaches it.
pub(crate) fn foreign_cargo() -> Command {
    let mut command = cargo();
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.contains("RUSTFLAGS")
                || ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"].iter().any(|p| name.starts_with(p))
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
}

/// Builds the binary `usher` and gives its path. Cargo shows its own progress.
///
/// The whole workspace is selected, so that features resolve as they do for the tests and nothing is built twice.
pub(crate) fn build_usher() -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--bin", "usher"]);
    if !target().join("debug/usher").exists() {
        eprintln!("Building Usher; the first time takes some minutes.");
    } else {
        build.arg("--quiet");
    }
    succeed(&mut build).context("Usher does not build")?;
    Ok(target().join("debug/usher"))
}

/// Runs a command to its end; an error when it does not succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{} ended with {status}", told(command));
    }
    Ok(())
}

/// Runs a command to its end, its output where ours goes.
pub(crate) fn status(command: &mut Command) -> Result<std::process::ExitStatus> {
    command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {}", told(command)))
}

/// What a command prints, trimmed; none when it is missing or fails.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The program of that name on the `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// The commit, marked where the tree differs from it.
pub(crate) fn commit() -> String {
    output("git", &["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
        .unwrap_or_else(|| "unknown".into())
}

/// Whether `file` exists and is no older than `source`.
pub(crate) fn newer(file: &Path, source: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
    match (modified(file), modified(source)) {
        (Some(file), Some(source)) => file >= source,
        _ => false,
    }
}

/// A command as a person would type it.
pub(crate) fn told(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
