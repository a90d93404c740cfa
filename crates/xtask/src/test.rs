//! `cargo xtask test`: every test there is.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::setup::{self, Ready, guests, javascript};
use crate::workspace::{cargo, output, status, target};

/// Runs all tests, or those that the arguments select.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let ready = setup::everything()?;
    let all: &[&str] = if output("cargo", &["nextest", "--version"]).is_some() {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    };
    // Everything is built first, and the binary with it, because the end-to-end tests find the sample app built.
    eprintln!("Building the tests; the first time takes some minutes.");
    runner(&ready, all, &["--no-run".to_owned()])?;
    guests::sample(&target().join("debug/usher"))?;
    // Documentation first: the last lines on the screen are then those of the tests proper. A filter selects tests
    // by name, and those in documentation have none worth typing.
    if arguments.is_empty() {
        runner(&ready, &["test", "--workspace", "--doc", "--quiet"], &[])?;
        javascript::tests()?;
    }
    // Whoever waited for the build wants to know of every failure, not of the first.
    runner(&ready, all, &[&["--no-fail-fast".to_owned()], arguments].concat())?;
    Ok(ExitCode::SUCCESS)
}

fn runner(ready: &Ready, command: &[&str], arguments: &[String]) -> Result<()> {
    let mut cargo = cargo();
    ready.environment(cargo.args(command).args(arguments));
    if !status(&mut cargo)?.success() {
        bail!("`cargo {}` failed", command.join(" "));
    }
    Ok(())
}
