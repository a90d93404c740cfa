//! `cargo xtask test`: every test there is.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::setup::{self, Ready};
use crate::workspace::{build_usher, cargo, output, status};

/// Runs all tests, or those that the arguments select.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let ready = setup::everything()?;
    // The end-to-end tests start this binary.
    build_usher()?;
    // Documentation first: the last lines on the screen are then those of the tests proper. A filter selects tests
    // by name, and those in documentation have none worth typing.
    if arguments.is_empty() {
        runner(&ready, &["test", "--workspace", "--doc", "--quiet"], &[])?;
    }
    if output("cargo", &["nextest", "--version"]).is_some() {
        runner(&ready, &["nextest", "run", "--workspace"], arguments)?;
    } else {
        runner(
            &ready,
            &["test", "--workspace", "--lib", "--bins", "--tests"],
            arguments,
        )?;
    }
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
