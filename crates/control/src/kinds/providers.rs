//! Authentication providers: `auth/providers.json`.

use serde_json::{Value, json};

use super::{About, Kind, Members, links};
use crate::error::ControlError;
use crate::workspace::{Workspace, text};

const FILE: &str = "auth/providers.json";

/// Authentication providers, by type.
pub struct Providers;

impl Kind for Providers {
    fn about(&self) -> About {
        About {
            word: "auth provider",
            missing: "AuthProviderNotFound",
            taken: "AuthProviderAlreadyExists",
            listed: &["name", "type", "disabled"],
        }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        let one = |(kind, provider): (String, Value)| match provider {
            Value::Object(members) => Some((kind, members)),
            _ => None,
        };
        workspace.object(FILE).into_iter().filter_map(one).collect()
    }

    fn key(&self, _: &Workspace, members: &Members) -> Result<String, ControlError> {
        text(members, "type").map(str::to_owned)
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        mut members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        links::to_names(workspace, &mut members)?;
        // They stand under their types; whatever else a client calls them means nothing.
        members.insert("name".to_owned(), json!(key));
        members.entry("disabled").or_insert(json!(false));
        let mut all = workspace.object(FILE);
        all.insert(key.to_owned(), Value::Object(members));
        workspace.files.write_json(FILE, &Value::Object(all))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let mut all = workspace.object(FILE);
        all.shift_remove(key);
        workspace.files.write_json(FILE, &Value::Object(all))
    }
}
