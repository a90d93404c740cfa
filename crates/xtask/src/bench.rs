//! `cargo xtask bench`: the benchmarks, each beside its floor.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::setup::{self, guests};
use crate::workspace::{cargo, commit, succeed, target};

/// Builds and runs them, or those whose name holds the given word. With `--json` nothing but the benchmark's own
/// output goes to standard output.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    if let Some(flag) = arguments.iter().find(|word| word.starts_with('-') && *word != "--json") {
        bail!("unexpected argument '{flag}'; there is only --json, and the name of a benchmark");
    }
    let ready = setup::for_bench()?;
    succeed(cargo().args(["build", "--release", "--workspace", "--bin", "usher", "--bin", "usher-bench"]))?;
    guests::sample(&target().join("release/usher"))?;
    let commit = commit();
    if !arguments.iter().any(|word| word == "--json") {
        writeln!(std::io::stdout(), "Usher at commit {commit}")?;
    }
    let mut bench = std::process::Command::new(target().join("release/usher-bench"));
    succeed(ready.environment(bench.args(arguments).env("USHER_COMMIT", &commit)))?;
    Ok(ExitCode::SUCCESS)
}
