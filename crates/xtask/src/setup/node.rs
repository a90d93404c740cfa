//! Node and the packages of the scripts that drive Usher with real clients.

use std::process::Command;

use anyhow::{Result, bail};

use crate::progress;
use crate::workspace::{newer, output, root};

/// The oldest Node with the global `fetch` that realm-web needs.
pub(crate) const FOR_CLIENT: u32 = 18;
/// The oldest Node whose test runner has the options that `tests/wire` uses.
pub(crate) const FOR_TESTS: u32 = 20;

/// Node is there and new enough.
pub(crate) fn present(oldest: u32) -> Result<()> {
    const HOW: &str = "install it from https://nodejs.org or with your package manager (Debian: `apt-get install \
                       nodejs npm`)";
    let Some(version) = output("node", &["--version"]) else {
        bail!("Node is missing, which runs the realm-web client of the demo and the tests; {HOW}");
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < oldest) {
        bail!("Node {version} is too old, {oldest} or newer is needed; {HOW}");
    }
    if output("npm", &["--version"]).is_none() {
        bail!("npm is missing, which installs realm-web for the demo and the tests; {HOW}");
    }
    Ok(())
}

/// The npm packages of each directory, as its lock file pins them.
pub(crate) fn packages(directories: &[&str]) -> Result<()> {
    for package in directories {
        let directory = root().join(package);
        let lock = directory.join("package-lock.json");
        // npm writes this file last.
        if !lock.exists() || newer(&directory.join("node_modules/.package-lock.json"), &lock) {
            continue;
        }
        let mut npm = Command::new("npm");
        // Scripts of packages would download programs, for platforms that no test runs on.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&directory);
        progress::run(&format!("Installing Node packages of {package}"), &mut npm)?;
    }
    Ok(())
}
