//! The browser that tests drive.

use anyhow::{Result, bail};

use super::programs;
use crate::workspace::on_path;

/// Names that Chromium goes by; `tests/wire/browser.test.mjs` looks for the same.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Chromium is there, or named in `USHER_CHROMIUM`; on Debian as root it is installed.
pub(crate) fn present() -> Result<()> {
    if std::env::var_os("USHER_CHROMIUM").is_some() || NAMES.into_iter().any(|name| on_path(name).is_some()) {
        return Ok(());
    }
    if !programs::can_install() {
        bail!(
            "Chromium is missing, in which the tests run realm-web. Debian: `sudo apt-get install chromium`; Fedora: \
             `sudo dnf install chromium`; or name Chrome's program in USHER_CHROMIUM"
        );
    }
    // What it recommends is for people who sit in front of it.
    programs::install(&["--no-install-recommends", "chromium"])
}
