//! Tools of the machine: found, installed where that is possible, or named in a message that says how to.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::progress;
use crate::workspace::{on_path, output, root};

/// The target that functions are built for.
pub(crate) const WASM: &str = "wasm32-wasip2";

/// The standard library for [`WASM`].
pub(crate) fn wasm_target() -> Result<()> {
    let Some(sysroot) = output("rustc", &["--print", "sysroot"]) else {
        bail!("rustc does not run; install Rust from https://rustup.rs");
    };
    if Path::new(&sysroot).join("lib/rustlib").join(WASM).join("lib").is_dir() {
        return Ok(());
    }
    if on_path("rustup").is_none() {
        bail!(
            "the Rust standard library for {WASM} is missing from {sysroot}. With rustup it is \
             `rustup target add {WASM}`; without, install your distribution's package for it"
        );
    }
    let mut rustup = Command::new("rustup");
    progress::run("Adding the wasm target", rustup.args(["target", "add", WASM]).current_dir(root()))
}

/// What the embedded database is built with: C and C++ compilers, make, cmake. On Debian as root the missing ones
/// are installed.
pub(crate) fn native_build_tools() -> Result<()> {
    let missing: Vec<&str> = [("cc", "gcc"), ("c++", "g++"), ("make", "make"), ("cmake", "cmake")]
        .into_iter()
        .filter(|(program, _)| on_path(program).is_none())
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !can_install() {
        bail!(
            "{names} missing, needed to build the embedded database. Debian, Ubuntu: \
             `sudo apt-get install {names}`; Fedora: `sudo dnf install gcc gcc-c++ make cmake`; macOS: \
             `xcode-select --install` and `brew install cmake`"
        );
    }
    install(&missing)
}

/// Whether [`install`] can work here: on Debian and its kin, as root.
pub(crate) fn can_install() -> bool {
    on_path("apt-get").is_some() && output("id", &["-u"]).as_deref() == Some("0")
}

/// Installs packages of Debian; options of apt-get may stand before them.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut update = Command::new("apt-get");
    progress::run("Updating Debian's package lists", update.arg("update"))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y"]).args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    progress::run(&format!("Installing {}", packages.join(" ")), &mut install)
}
