//! `cargo xtask bench`: the benchmarks, each beside its floor.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;

use crate::setup;
use crate::workspace::{cargo, commit, succeed};

/// Builds and runs them. With `json` nothing but the benchmark's own output goes to standard output.
pub(crate) fn run(json: bool) -> Result<ExitCode> {
    let ready = setup::for_bench()?;
    succeed(cargo().args(["build", "--release", "--package", "usher-bench"]))?;
    let commit = commit();
    let mut bench = cargo();
    bench
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "usher-bench",
            "--",
        ])
        .env("USHER_COMMIT", &commit);
    if json {
        bench.arg("--json");
    } else {
        writeln!(std::io::stdout(), "Usher at commit {commit}")?;
    }
    succeed(ready.environment(&mut bench))?;
    Ok(ExitCode::SUCCESS)
}
