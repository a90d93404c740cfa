//! Collections that an export has rules or schemas for.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A collection by its name in the app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) data_source: String,
    pub(super) database: String,
    pub(super) collection: String,
}

/// Those of an app directory, in either form: `data_sources/<source>/<database>/<collection>/`, and in the older
/// layouts `services/<source>/rules/*.json` (reference 6.1 and 7.7). Files that cannot be read are for
/// [`usher_app::load`] to report.
pub(super) fn collections(directory: &Path) -> Vec<Named> {
    let mut found = Vec::new();
    for source in items(&directory.join("data_sources")) {
        let Some(data_source) = text(&json(&source.join("config.json")), "name") else {
            continue;
        };
        for database in items(&source) {
            for collection in items(&database) {
                let rules = json(&collection.join("rules.json"));
                if rules.is_null() && !collection.join("schema.json").is_file() {
                    continue;
                }
                found.push(Named {
                    data_source: data_source.clone(),
                    database: text(&rules, "database").unwrap_or_else(|| name(&database)),
                    collection: text(&rules, "collection").unwrap_or_else(|| name(&collection)),
                });
            }
        }
    }
    for service in items(&directory.join("services")) {
        let Some(data_source) = text(&json(&service.join("config.json")), "name") else {
            continue;
        };
        for file in items(&service.join("rules")) {
            let rules = json(&file);
            // Rules of other services are about actions.
            if let (Some(database), Some(collection)) = (text(&rules, "database"), text(&rules, "collection")) {
                found.push(Named { data_source: data_source.clone(), database, collection });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn items(directory: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(directory).into_iter().flatten();
    items.filter_map(|item| item.ok().map(|item| item.path())).collect()
}

fn json(file: &Path) -> Value {
    fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn text(json: &Value, key: &str) -> Option<String> {
    json.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
