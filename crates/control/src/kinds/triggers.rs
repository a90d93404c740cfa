//! Triggers: `triggers/<name>.json`.

use serde_json::Value;

use super::{Kind, Members, links, named_file, named_files};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const DIRECTORY: &str = "triggers";

/// Triggers, by name.
pub struct Triggers;

impl Kind for Triggers {
    fn word(&self) -> &'static str {
        "trigger"
    }

    fn codes(&self) -> (&'static str, &'static str) {
        ("EventSubscriptionNotFound", "EventSubscriptionDuplicateName")
    }

    fn listed(&self) -> &'static [&'static str] {
        &[]
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        named_files(workspace, DIRECTORY).into_iter().map(|(name, _, members)| (name, members)).collect()
    }

    fn key(&self, _: &Workspace, members: &Members) -> Result<String, ControlError> {
        text(members, "name").map(str::to_owned)
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        mut members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        links::to_names(workspace, &mut members)?;
        let path = named_file(workspace, DIRECTORY, key);
        workspace.files.write_json(path, &Value::Object(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let path = named_file(workspace, DIRECTORY, key);
        workspace.files.remove(&path);
        Ok(())
    }
}
