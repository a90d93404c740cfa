//! `cargo xtask`: the chores of this repository, each one command that does its own set-up.

mod bench;
mod check;
mod demo;
mod progress;
mod setup;
mod test;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
The chores of the Usher repository. Every one does the set-up it needs.

Usage: cargo xtask COMMAND

  setup            Install and build what the others need: wasm target, cmake,
                   embedded database, function components, Node packages
  demo [--exit]    Start Usher on the sample app, drive it with realm-web, and
                   stay up to play with; --exit ends it with the demo's status
  test [FILTER...] Run every test, or those that match; further arguments go to
                   the test runner
  bench [--json] [NAME]
                   Measure, each figure beside its floor
  check            Formatting, clippy, documentation, and cargo-deny where it
                   is installed
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        eprint!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    // `test` hands its arguments on, so there `--help` is the test runner's.
    if matches!(command.as_str(), "-h" | "--help" | "help")
        || (command != "test" && rest.iter().any(|flag| flag == "-h" || flag == "--help"))
    {
        std::io::stdout().write_all(HELP.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    match command.as_str() {
        "setup" => {
            flags(rest, &[])?;
            setup::everything()?;
            setup::guests::sample(&workspace::build_usher()?)?;
            eprintln!("Everything is set up.");
            Ok(ExitCode::SUCCESS)
        }
        "demo" => demo::run(flags(rest, &["--exit"])?),
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "check" => {
            flags(rest, &[])?;
            check::run()
        }
        other => bail!("there is no command '{other}'; `cargo xtask --help` lists them"),
    }
}

/// Whether the one flag that a command knows was given; any other is an error.
fn flags(given: &[String], known: &[&str]) -> Result<bool> {
    if let Some(other) = given.iter().find(|flag| !known.contains(&flag.as_str())) {
        bail!("unexpected argument '{other}'; `cargo xtask --help` lists what there is");
    }
    Ok(!given.is_empty())
}
