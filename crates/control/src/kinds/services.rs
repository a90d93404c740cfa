//! Services: data sources in `data_sources/<name>/config.json`, all others in `services/<name>/config.json`.

use serde_json::{Value, json};

use super::{About, Kind, Members, links};
use crate::error::ControlError;
use crate::workspace::{Workspace, segment, text};

/// The types of data sources.
const DATA_SOURCES: [&str; 3] = ["mongodb", "mongodb-atlas", "datalake"];

/// Services, by name.
pub struct Services;

impl Kind for Services {
    fn about(&self) -> About {
        About {
            word: "service",
            missing: "ServiceNotFound",
            taken: "ServiceAlreadyExists",
            listed: &["name", "type", "version"],
        }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        directories(workspace).into_iter().map(|(name, _, members)| (name, members)).collect()
    }

    fn key(&self, _: &Workspace, members: &Members) -> Result<String, ControlError> {
        text(members, "type")?;
        segment(members, "name").map(str::to_owned)
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        mut members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        links::to_names(workspace, &mut members)?;
        members.entry("version").or_insert(json!(1));
        // Every data source is the one MongoDB that the host is connected to. A connection string means nothing here,
        // and may hold a password.
        if let Some(Value::Object(config)) = members.get_mut("config") {
            config.shift_remove("uri");
        }
        let parent = match text(&members, "type")? {
            kind if DATA_SOURCES.contains(&kind) => "data_sources",
            _ => "services",
        };
        let directory = directory(workspace, key).unwrap_or_else(|| format!("{parent}/{key}"));
        workspace.files.write_json(format!("{directory}/config.json"), &Value::Object(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        if let Some(directory) = directory(workspace, key) {
            workspace.files.remove_below(&directory);
        }
        Ok(())
    }

    fn renames(&self) -> bool {
        false
    }
}

/// Every service: its name, its directory and what its file says.
pub(super) fn directories(workspace: &Workspace) -> Vec<(String, String, Members)> {
    let paths = ["data_sources", "services"].into_iter().flat_map(|parent| workspace.files.below(parent));
    let directories: Vec<String> = paths
        .filter_map(|path| path.strip_suffix("/config.json"))
        .filter(|directory| directory.split('/').count() == 2)
        .map(str::to_owned)
        .collect();
    let service = |directory: String| {
        let mut members = workspace.object(&format!("{directory}/config.json"));
        members.entry("version").or_insert(json!(1));
        Some((members.get("name")?.as_str()?.to_owned(), directory, members))
    };
    directories.into_iter().filter_map(service).collect()
}

/// The directory of a service.
pub(super) fn directory(workspace: &Workspace, name: &str) -> Option<String> {
    directories(workspace).into_iter().find(|(known, ..)| known == name).map(|(_, directory, _)| directory)
}

/// The directory of a data source.
///
/// # Errors
/// Where there is no data source of that name.
pub(super) fn data_source(workspace: &Workspace, name: &str) -> Result<String, ControlError> {
    let found = directory(workspace, name).filter(|directory| directory.starts_with("data_sources/"));
    found.ok_or_else(|| ControlError::invalid(format!("no data source is named {name:?}")))
}
