//! What a fresh clone needs before anything runs. Every step looks first whether it is done, so a second run is
//! quick.

mod browser;
mod database;
pub(crate) mod guests;
pub(crate) mod javascript;
mod node;
mod programs;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

/// What set-up found or made.
pub(crate) struct Ready {
    /// The embedded database's program.
    database: PathBuf,
}

impl Ready {
    /// For tests that start nothing which needs it.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self { database: PathBuf::new() }
    }

    /// Tells a command where things are.
    pub(crate) fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("USHER_DATABASE_PROGRAM", &self.database).env("USHER_PREPARED", guests::prepared())
    }
}

/// All of it, except what `usher` itself builds.
pub(crate) fn everything() -> Result<Ready> {
    node::present(node::FOR_TESTS)?;
    browser::present()?;
    let ready = for_bench()?;
    node::packages(&["tests/demo", "tests/wire"])?;
    Ok(ready)
}

/// What the demo needs.
pub(crate) fn for_demo() -> Result<Ready> {
    node::present(node::FOR_CLIENT)?;
    programs::wasm_target()?;
    javascript::ensure()?;
    let database = database::ensure()?;
    node::packages(&["tests/demo"])?;
    Ok(Ready { database })
}

/// What the benchmarks need.
pub(crate) fn for_bench() -> Result<Ready> {
    programs::wasm_target()?;
    javascript::ensure()?;
    let database = database::ensure()?;
    guests::for_tests()?;
    Ok(Ready { database })
}
