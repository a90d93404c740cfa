//! `usher new`: a sample app that runs at once.

mod template;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::json;

use crate::output::Output;

/// Where the SDK for functions in Rust is, if this program still stands where it was built.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/sdk");

/// Write a sample app with custom user data, functions and tests of them. Nothing is overwritten.
#[derive(clap::Args)]
pub(crate) struct New {
    /// The directory to make; its name is the app's
    #[arg(value_name = "NAME")]
    directory: PathBuf,
    /// The language of its functions
    #[arg(long, value_enum, default_value = "javascript", value_name = "LANGUAGE")]
    language: Language,
    /// For Rust, the directory of the SDK (crates/sdk) in a checkout of Usher; by default the one this command was
    /// built in
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Functions in JavaScript, as App Services had them
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    /// Functions in Rust
    Rust,
}

impl New {
    pub(crate) fn run(&self, output: Output) -> Result<()> {
        let name = name(&self.directory)?;
        let files = match self.language {
            Language::JavaScript => template::javascript(name),
            Language::Rust => template::rust(name, &self.sdk()?),
        };
        if fs::read_dir(&self.directory).is_ok_and(|mut items| items.next().is_some()) || self.directory.is_file() {
            bail!("{} exists already; choose another name", self.directory.display());
        }
        for (path, text) in &files {
            let path = self.directory.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.language == Language::JavaScript {
            crate::types::write_types(&self.directory)?;
        }
        let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        let directory = self.directory.display();
        output.answer(
            &json!({ "directory": self.directory, "files": paths }),
            format!(
                "made {directory}\n\n  usher dev {directory}    serve it, and swap it on every change\n  usher test {directory}   \
                 run its tests"
            ),
        );
        Ok(())
    }

    fn sdk(&self) -> Result<PathBuf> {
        let sdk = self.sdk.clone().unwrap_or_else(|| PathBuf::from(SDK));
        if !sdk.join("Cargo.toml").is_file() {
            bail!(
                "the SDK for functions in Rust is not at {}; give --sdk DIR/crates/sdk of a checkout of Usher",
                sdk.display()
            );
        }
        Ok(fs::canonicalize(sdk)?)
    }
}

/// The app's name, which stands in the URLs of clients.
fn name(directory: &Path) -> Result<&str> {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        bail!("{name:?} cannot be an app's name; use letters, digits, \"_\" and \"-\"");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Output = Output { json: true };

    fn new(directory: &Path, language: Language) -> Result<()> {
        New { directory: directory.to_owned(), language, sdk: None }.run(QUIET)
    }

    #[test]
    fn both_samples_are_apps_without_a_mistake() {
        let home = tempfile::tempdir().unwrap();
        for (name, language) in [("js-app", Language::JavaScript), ("rust_app", Language::Rust)] {
            let directory = home.path().join(name);
            new(&directory, language).unwrap();
            let loaded = usher_app::load(&directory).unwrap_or_else(|mistakes| panic!("{mistakes}"));
            assert_eq!(loaded.app.id, name);
            assert!(loaded.app.functions.len() >= 4);
            assert!(loaded.notices.is_empty(), "{:?}", loaded.notices);
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("app");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("precious"), "mine").unwrap();
        let error = new(&directory, Language::JavaScript).unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_name_must_fit_a_url() {
        assert!(name(Path::new("some/where/my-app_2")).is_ok());
        for bad in ["my app", "é", "/"] {
            assert!(name(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
