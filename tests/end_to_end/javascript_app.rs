//! App directories of JavaScript functions, written for one test.

use serde_json::{Value, json};

use crate::support::AppDirectory;

/// Functions by name: the source and what the manifest says of it.
pub(crate) type Functions<'a> = &'a [(&'a str, &'a str, Value)];

/// An app of these functions.
pub(crate) fn app(id: &str, functions: Functions<'_>) -> AppDirectory {
    let app = AppDirectory::new(id);
    write(&app, functions);
    app
}

/// Writes the functions and a manifest that names them and nothing else.
pub(crate) fn write(app: &AppDirectory, functions: Functions<'_>) {
    let entries: Vec<Value> =
        functions.iter().map(|(name, source, manifest)| entry(app, name, source, manifest)).collect();
    app.write("functions/config.json", &Value::Array(entries));
}

fn entry(app: &AppDirectory, name: &str, source: &str, manifest: &Value) -> Value {
    app.write_text(&format!("functions/{name}.js"), source);
    let mut entry = json!({ "name": name });
    for (key, value) in manifest.as_object().into_iter().flatten() {
        entry[key] = value.clone();
    }
    entry
}

/// The manifest of a function that runs as the system.
pub(crate) fn system() -> Value {
    json!({ "run_as_system": true })
}

pub(crate) fn int(number: i32) -> Value {
    json!({ "$numberInt": number.to_string() })
}
