//! App directories, written for one test.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

use super::repository;

/// The sample app, where set-up has built its functions.
pub(crate) fn sample() -> PathBuf {
    repository("functions/sample")
}

/// A component of `tests/guests`, built by set-up.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = repository(&format!("tests/guests/target/wasm32-wasip2/release/{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask setup`", path.display()))
}

/// A component of `tests/guests` that is kept as text.
pub(crate) fn guest_text(name: &str) -> Vec<u8> {
    wat::parse_file(repository(&format!("tests/guests/{name}.wat"))).unwrap()
}

/// An app directory that goes with the test.
pub(crate) struct AppDirectory {
    directory: TempDir,
    functions: Vec<Value>,
}

impl AppDirectory {
    /// An app with anonymous and e-mail users and custom user data.
    pub(crate) fn new(id: &str) -> Self {
        let app = Self { directory: tempfile::tempdir().unwrap(), functions: Vec::new() };
        app.write("root_config.json", &json!({ "app_id": id, "name": id }));
        app.write(
            "auth/providers.json",
            &json!({
                "anon-user": { "name": "anon-user", "type": "anon-user", "disabled": false },
                "local-userpass": {
                    "name": "local-userpass", "type": "local-userpass", "disabled": false,
                    "config": { "autoConfirm": true }
                },
            }),
        );
        app.write(
            "data_sources/mongodb-atlas/config.json",
            &json!({ "name": "mongodb-atlas", "type": "mongodb-atlas", "config": {} }),
        );
        app.write("functions/config.json", &json!([]));
        app.custom_data(None);
        app
    }

    /// Switches custom user data on, with or without a creation function.
    pub(crate) fn custom_data(&self, creation: Option<&str>) {
        let mut config = json!({
            "enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": self.database(),
            "collection_name": "custom_data", "user_id_field": "user_id",
        });
        if let Some(creation) = creation {
            config["on_user_creation_function_name"] = creation.into();
        }
        self.write("auth/custom_user_data.json", &config);
    }

    /// The database of this app's data: apart from those of other tests on the same server.
    pub(crate) fn database(&self) -> String {
        "e2e".to_owned()
    }

    /// Adds a function with its manifest entry, or replaces its component.
    pub(crate) fn function(mut self, name: &str, component: &[u8], manifest: Value) -> Self {
        self.set_function(name, component, manifest);
        self
    }

    pub(crate) fn set_function(&mut self, name: &str, component: &[u8], mut manifest: Value) {
        manifest["name"] = name.into();
        self.put(&format!("functions/{name}.wasm"), component);
        self.functions.retain(|function| function["name"] != name);
        self.functions.push(manifest);
        self.write("functions/config.json", &Value::Array(self.functions.clone()));
    }

    pub(crate) fn write(&self, file: &str, content: &Value) {
        self.write_text(file, &serde_json::to_string_pretty(content).unwrap());
    }

    pub(crate) fn write_text(&self, file: &str, content: &str) {
        self.put(file, content.as_bytes());
    }

    /// By a rename: whoever watches the directory never reads half of a file.
    fn put(&self, file: &str, content: &[u8]) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let whole = NamedTempFile::new().unwrap();
        fs::write(whole.path(), content).unwrap();
        whole.persist(path).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}
