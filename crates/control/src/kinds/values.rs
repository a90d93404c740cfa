//! Values: `values/<name>.json`.

use serde_json::Value;

use super::{Kind, Members, named_file, named_files};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const DIRECTORY: &str = "values";

/// Values, by name.
pub struct Values;

impl Kind for Values {
    fn word(&self) -> &'static str {
        "value"
    }

    fn codes(&self) -> (&'static str, &'static str) {
        ("ValueNotFound", "ValueDuplicateName")
    }

    fn listed(&self) -> &'static [&'static str] {
        &["name", "private", "from_secret"]
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
        members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        let path = named_file(workspace, DIRECTORY, key);
        workspace.files.write_json(path, &Value::Object(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let path = named_file(workspace, DIRECTORY, key);
        workspace.files.remove(&path);
        Ok(())
    }
}
