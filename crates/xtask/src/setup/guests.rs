//! Function components: the example apps and the components that the tests load.

use anyhow::{Context, Result};

use super::programs::WASM;
use crate::progress;
use crate::workspace::{foreign_cargo, root};

/// The functions of the sample app. Guest code has workspaces apart from the host's, since it is built for another
/// target.
pub(crate) const SAMPLE: &str = "functions/sample/functions";
/// Those and the components that the tests load.
pub(crate) const ALL: [&str; 2] = [SAMPLE, "tests/guests"];

/// Builds each; cargo sees for itself what is up to date.
pub(crate) fn build(workspaces: &[&str]) -> Result<()> {
    for workspace in workspaces {
        let manifest = root().join(workspace).join("Cargo.toml");
        if !manifest.exists() {
            continue;
        }
        let mut build = foreign_cargo();
        build
            .args(["build", "--release", "--target", WASM, "--manifest-path"])
            .arg(&manifest);
        progress::run(
            &format!("Building the functions in {workspace}"),
            &mut build,
        )
        .with_context(|| format!("the functions in {workspace} do not build"))?;
    }
    Ok(())
}
