//! `cargo xtask check`: what a reviewer should not have to say.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::{cargo, on_path, root, succeed};

/// Runs every check, then reports those that failed.
pub(crate) fn run() -> Result<ExitCode> {
    let mut failed = Vec::new();
    let mut check = |what: &'static str, arguments: &[&str]| {
        eprintln!("{what}: cargo {}", arguments.join(" "));
        if let Err(error) = succeed(cargo().args(arguments).env("RUSTDOCFLAGS", "-D warnings")) {
            eprintln!("{error}");
            failed.push(what);
        }
    };
    check("Formatting", &["fmt", "--all", "--check"]);
    for workspace in ["functions/sample/functions", "tests/guests", "fuzz", "crates/js/engine"] {
        let manifest = Path::new(workspace).join("Cargo.toml");
        if root().join(&manifest).exists() {
            let manifest = manifest.display().to_string();
            check("Formatting of guests", &["fmt", "--all", "--check", "--manifest-path", &manifest]);
        }
    }
    check("Clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    check("Documentation", &["doc", "--workspace", "--no-deps", "--document-private-items"]);
    if on_path("cargo-deny").is_some() {
        check("Dependencies", &["deny", "check"]);
    } else {
        eprintln!("Dependencies: not checked, cargo-deny is not installed (`cargo install cargo-deny --locked`)");
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("failed: {}", failed.join(", "))
}
