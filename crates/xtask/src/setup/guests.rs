//! Function components: those of the sample app and those that the tests load.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::programs::WASM;
use crate::progress;
use crate::workspace::{foreign_cargo, root};

/// The app of the demo.
pub(crate) const SAMPLE: &str = "functions/sample";
/// Components for the tests. Guest code has workspaces apart from the host's, since it is built for another target.
const TEST_GUESTS: &str = "tests/guests";

/// What `usher` made of the sample: `build` with its components, `cache` with their compiled code. Linked into a
/// data directory, they need not be made again.
pub(crate) fn prepared() -> PathBuf {
    root().join("target/sample")
}

/// Builds the sample's functions the way `usher serve` does, which finds them done then.
pub(crate) fn sample(usher: &Path) -> Result<()> {
    // Where `cargo build` by hand puts them, so that nobody builds them twice.
    let build = root().join(SAMPLE).join("functions/target");
    let link = prepared().join("build");
    std::fs::create_dir_all(prepared())?;
    std::fs::create_dir_all(&build)?;
    if !link.exists() {
        std::os::unix::fs::symlink(&build, &link).with_context(|| format!("cannot make {}", link.display()))?;
    }
    let mut command = Command::new(usher);
    command.args(["build", SAMPLE, "--data"]).arg(prepared()).current_dir(root());
    progress::run(&format!("Building the functions of {SAMPLE}"), &mut command)
        .with_context(|| format!("the functions of {SAMPLE} do not build"))
}

/// Builds the tests' components; cargo sees for itself what is up to date.
pub(crate) fn for_tests() -> Result<()> {
    let manifest = root().join(TEST_GUESTS).join("Cargo.toml");
    if !manifest.exists() {
        return Ok(());
    }
    let mut build = foreign_cargo();
    build.args(["build", "--release", "--target", WASM, "--manifest-path"]).arg(&manifest);
    progress::run(&format!("Building the components in {TEST_GUESTS}"), &mut build)
        .with_context(|| format!("the components in {TEST_GUESTS} do not build"))
}
