//! The embedded database: a program of its own, built once into `target/tools`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::programs;
use crate::progress;
use crate::workspace::{foreign_cargo, on_path, root};

const PACKAGE: &str = "secantus-mdb";
const VERSION: &str = "0.5.3-beta.196";
const PROGRAM: &str = "secantusd-rs";

/// The program: the one that `USHER_DATABASE_PROGRAM` names, the one built here, or one on the `PATH`; built
/// where there is none.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("USHER_DATABASE_PROGRAM") {
        let named = PathBuf::from(named);
        anyhow::ensure!(named.is_file(), "USHER_DATABASE_PROGRAM is {}, which is no file", named.display());
        return Ok(named);
    }
    let tools = root().join("target/tools");
    let built = tools.join("bin").join(PROGRAM);
    if is_current(&tools, &built) {
        return Ok(built);
    }
    if let Some(found) = on_path(PROGRAM) {
        return Ok(found);
    }
    build(&tools).with_context(|| {
        format!(
            "the embedded database ({PACKAGE} {VERSION}) cannot be built here. It needs gcc, g++, make and cmake \
             (Debian: `apt-get install gcc g++ make cmake`) and the registry of Rust packages. If {PROGRAM} is built \
             elsewhere, name it in USHER_DATABASE_PROGRAM"
        )
    })?;
    Ok(built)
}

/// Whether what stands in `tools` is the version wanted, by cargo's own record.
fn is_current(tools: &Path, program: &Path) -> bool {
    let record = std::fs::read_to_string(tools.join(".crates.toml")).unwrap_or_default();
    program.is_file() && record.contains(&format!("{PACKAGE} {VERSION} "))
}

fn build(tools: &Path) -> Result<()> {
    programs::native_build_tools()?;
    let scratch = tools.join("build");
    let mut install = foreign_cargo();
    install
        .args(["install", PACKAGE, "--version", VERSION, "--locked", "--ignore-rust-version", "--force", "--root"])
        .arg(tools)
        .env("CARGO_TARGET_DIR", &scratch)
        // From elsewhere, so that the repository's own cargo configuration has no say in it.
        .current_dir(std::env::temp_dir());
    progress::run("Building the embedded database, about 4 minutes", &mut install)?;
    // Hundreds of megabytes that nobody needs again.
    let _ = std::fs::remove_dir_all(scratch);
    Ok(())
}
