//! The names under which the app knows its MongoDB: `data_sources/<service>/config.json`, and in the older layouts
//! `services/<service>/config.json` of a MongoDB type.

use crate::Context;
use crate::json::{self, Node};
use crate::names::quote;
use crate::tree::{Item, join};

const DIRECTORY: &str = "data_sources";
pub(crate) const SERVICES: &str = "services";
/// The data source of an app that says nothing of data sources.
const DEFAULT: &str = "mongodb-atlas";
/// The types of a data source; everything else below `services/` is another service.
const TYPES: [&str; 3] = ["mongodb-atlas", "mongodb", "datalake"];

/// The data sources of an app.
#[derive(Default)]
pub(crate) struct DataSources {
    sources: Vec<DataSource>,
    /// The app says nothing of data sources, so it has the one that App Services makes.
    implied: bool,
}

struct DataSource {
    name: String,
    directory: String,
}

impl DataSources {
    /// The names, in the order of their directories.
    pub(crate) fn names(&self) -> Vec<&str> {
        let implied = self.implied.then_some(DEFAULT);
        self.sources.iter().map(|source| source.name.as_str()).chain(implied).collect()
    }

    /// The directories, one for each data source.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &str> {
        self.places().map(|(_, directory)| directory)
    }

    /// Names with their directories.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().map(|source| (source.name.as_str(), source.directory.as_str()))
    }

    /// What to do about a name that is not among them.
    pub(crate) fn help(&self) -> String {
        match &self.names()[..] {
            [] => "there are none: add data_sources/mongodb-atlas/config.json".to_owned(),
            names => format!("the data sources are {}", names.join(", ")),
        }
    }

    fn add(&mut self, context: Context<'_>, file: &str, name: String, directory: String) {
        if let Some(first) = self.sources.iter().find(|source| source.name == name) {
            let message = format!("a second data source named {}, the first is {}", quote(&name), first.directory);
            context.report.mistake(file, None, message, "rename or remove one of them");
        } else {
            self.sources.push(DataSource { name, directory });
        }
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

/// The JSON files of a directory.
pub(crate) fn json_files(context: Context<'_>, directory: &str) -> Vec<String> {
    let files = list(context, directory).into_iter().filter(|item| !item.directory && item.name.ends_with(".json"));
    files.map(|item| join(directory, &item.name)).collect()
}

pub(crate) fn read(context: Context<'_>) -> DataSources {
    let mut sources = DataSources::default();
    for directory in subdirectories(context, DIRECTORY) {
        let file = join(&directory, "config.json");
        if !context.tree.exists(&file) {
            // It names a cluster, so many keep it out of version control.
            let name = directory.rsplit('/').next().unwrap_or(&directory).to_owned();
            context.report.notice(&file, None, format!("is missing: the data source is taken to be {}", quote(&name)));
            sources.add(context, &file, name, directory);
            continue;
        }
        if let Some(name) = json::read(context, &file, named).flatten() {
            sources.add(context, &file, name, directory);
        }
    }
    for directory in subdirectories(context, SERVICES) {
        let file = join(&directory, "config.json");
        let mongodb = |node: Node<'_>| {
            let kind = node.try_object()?.get("type")?;
            TYPES.iter().any(|known| kind.is_text(known)).then(|| named(node)).flatten()
        };
        if let Some(name) = json::read(context, &file, mongodb).flatten() {
            sources.add(context, &file, name, directory);
        }
    }
    sources.implied = sources.sources.is_empty() && !context.tree.exists(DIRECTORY);
    sources
}

/// The name of a data source, and notices of what else its file says.
fn named(node: Node<'_>) -> Option<String> {
    let fields = node.object()?;
    let name = fields.required("name")?.text()?;
    settings(fields);
    Some(name.to_owned())
}

fn settings(fields: json::Fields<'_>) {
    if let Some(node) = fields.get("type").filter(|node| node.is_text("datalake")) {
        node.not_run("Data Federation", "every data source stands for the one MongoDB that Usher is connected to");
    }
    let Some(config) = fields.get("config").and_then(Node::object) else {
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

/// Whether a block of configuration is switched on, in any of the spellings of App Services.
pub(crate) fn is_enabled(node: Node<'_>) -> bool {
    node.try_object().is_some_and(|fields| {
        fields.get("state").is_some_and(|state| state.is_text("enabled"))
            || ["enabled", "development_mode_enabled"].iter().any(|key| fields.get(key).is_some_and(Node::is_true))
    })
}
