//! Apps made of a few files, bundled, and run by a small stand-in of the engine.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use usher_js::{BundleError, BundleOptions, bundle};

/// An app directory that goes away.
pub(crate) struct Fixture {
    pub(crate) directory: TempDir,
    /// What `bundle` told, a line at a time.
    pub(crate) told: Vec<String>,
    /// See [`BundleOptions`].
    pub(crate) packages_may_follow: bool,
}

impl Fixture {
    /// An app with these files besides its configuration.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self { directory: tempfile::tempdir().unwrap(), told: Vec::new(), packages_may_follow: false };
        fixture.write("root_config.json", r#"{ "app_id": "app-abcde", "name": "app", "config_version": 20210101 }"#);
        files.iter().for_each(|(path, text)| fixture.write(path, text));
        fixture
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn bundle(&mut self) -> Result<Option<Value>, Vec<BundleError>> {
        self.bundle_with(&tools())
    }

    pub(crate) fn bundle_with(&mut self, tools: &Path) -> Result<Option<Value>, Vec<BundleError>> {
        let app = usher_app::load(self.path()).unwrap().app;
        let options = BundleOptions { tools: tools.to_owned(), packages_may_follow: self.packages_may_follow };
        let bytes = bundle(&app, &options, &mut |line| self.told.push(line.to_owned()))?;
        Ok(bytes.map(|bytes| serde_json::to_value(bson::Document::from_reader(&*bytes).unwrap()).unwrap()))
    }

    /// The scripts of an app without mistakes.
    pub(crate) fn scripts(&mut self) -> Value {
        self.bundle().unwrap_or_else(|errors| panic!("{errors:#?}")).expect("the app has JavaScript")
    }

    /// The errors, as a person sees them.
    pub(crate) fn errors(&mut self) -> Vec<String> {
        self.bundle().expect_err("the app has mistakes").iter().map(ToString::to_string).collect()
    }

    /// What the function `name` gives for `argument`, run by Node in place of the engine.
    pub(crate) fn run(&mut self, name: &str, argument: &str) -> String {
        let output = self.node(name, argument);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a function that fails says.
    pub(crate) fn fails(&mut self, name: &str, argument: &str) -> String {
        let output = self.node(name, argument);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    fn node(&mut self, name: &str, argument: &str) -> Output {
        let scripts = self.scripts().to_string();
        self.write("scripts.json", &scripts);
        let mut node = Command::new("node");
        node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/engine.cjs"));
        node.arg(self.path().join("scripts.json")).arg(name).arg(argument).output().unwrap()
    }
}

/// Where tests install esbuild and packages, once.
pub(crate) fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/js-tests")
}

/// The script of a key.
pub(crate) fn module<'a>(scripts: &'a Value, key: &str) -> Option<&'a Value> {
    scripts["modules"].as_array().unwrap().iter().find(|module| module["key"] == key)
}

/// The entry of a function.
pub(crate) fn function<'a>(scripts: &'a Value, name: &str) -> &'a Value {
    scripts["functions"].as_array().unwrap().iter().find(|function| function["name"] == name).unwrap()
}
