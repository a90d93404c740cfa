//! `data_sources/<service>/config.json`: the names under which the app knows its MongoDB.

use std::collections::BTreeMap;

use crate::Context;
use crate::json;
use crate::tree::{Item, join};

const DIRECTORY: &str = "data_sources";

/// The data sources of an app.
#[derive(Default)]
pub(crate) struct DataSources {
    /// Whether the app has a directory of them at all.
    present: bool,
    /// Their directories by their names.
    directories: BTreeMap<String, String>,
}

impl DataSources {
    /// Whether there is one of this name. An app without the directory has the one that App Services makes.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.directories.contains_key(name) || (!self.present && name == "mongodb-atlas")
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.directories.keys().map(String::as_str).collect()
    }

    /// The directories, one for each data source.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &str> {
        self.directories.values().map(String::as_str)
    }
}

/// The subdirectories of a directory; those that cannot be read are reported.
pub(crate) fn subdirectories(context: Context<'_>, directory: &str) -> Vec<String> {
    let directories = list(context, directory).into_iter().filter(|item| item.directory);
    directories.map(|item| join(directory, &item.name)).collect()
}

/// The entries of a directory but for hidden ones; those that cannot be read are reported.
pub(crate) fn list(context: Context<'_>, directory: &str) -> Vec<Item> {
    let items = context.tree.list(directory).unwrap_or_else(|mistake| vec![Err(mistake)]);
    let items = items.into_iter().filter_map(|item| item.map_err(|mistake| context.report.add(mistake)).ok());
    items.filter(|item| !item.name.starts_with('.')).collect()
}

pub(crate) fn read(context: Context<'_>) -> DataSources {
    let mut sources = DataSources { present: context.tree.exists(DIRECTORY), ..DataSources::default() };
    for directory in subdirectories(context, DIRECTORY) {
        let file = join(&directory, "config.json");
        if !context.tree.exists(&file) {
            context.report.mistake(
                &file,
                None,
                "is missing",
                format!("write {{\"name\": \"mongodb-atlas\", \"type\": \"mongodb-atlas\"}}, or remove {directory}"),
            );
        }
        let name = json::read(context, &file, |node| {
            let fields = node.object()?;
            let name = fields.required("name")?.text()?;
            settings(fields);
            Some(name.to_owned())
        });
        if let Some(name) = name.flatten() {
            sources.directories.insert(name, directory);
        }
    }
    sources
}

fn settings(fields: json::Fields<'_>) {
    if let Some(node) = fields.get("type").filter(|node| node.is_text("datalake")) {
        node.not_run("Data Federation", "every data source stands for the one MongoDB that Usher is connected to");
    }
    let Some(config) = fields.get("config").and_then(json::Node::object) else {
        return;
    };
    for key in ["sync", "flexible_sync"] {
        if let Some(node) = config.get(key).filter(|node| is_enabled(*node)) {
            node.not_run("Device Sync", NO_SYNC);
        }
    }
    if let Some(node) = config.get("wireProtocolEnabled").filter(|node| node.is_true()) {
        node.not_run("the wire protocol", "MongoDB itself speaks it");
    }
}

/// Why Device Sync is left out.
pub(crate) const NO_SYNC: &str = "its protocol is not part of Usher";

/// Whether a block of configuration is switched on, in either of the spellings of App Services.
pub(crate) fn is_enabled(node: json::Node<'_>) -> bool {
    node.try_object().is_some_and(|fields| {
        fields.get("state").is_some_and(|state| state.is_text("enabled"))
            || fields.get("enabled").is_some_and(json::Node::is_true)
    })
}
