//! Things that have a JSON file each: values in `values/<name>.json`, triggers in `triggers/<name>.json`.

use serde_json::Value;

use super::{About, Kind, Members, links};
use crate::error::ControlError;
use crate::files::is_segment;
use crate::workspace::Workspace;

/// Values, by name.
pub const VALUES: Named = Named {
    about: About {
        word: "value",
        missing: "ValueNotFound",
        taken: "ValueDuplicateName",
        listed: &["name", "private", "from_secret"],
    },
    directory: "values",
    links: false,
};

/// Triggers, by name.
pub const TRIGGERS: Named = Named {
    about: About {
        word: "trigger",
        missing: "EventSubscriptionNotFound",
        taken: "EventSubscriptionDuplicateName",
        listed: &[],
    },
    directory: "triggers",
    links: true,
};

/// Things of one directory, by name.
pub struct Named {
    about: About,
    directory: &'static str,
    /// Whether they name functions, services or secrets, which a request may do by id.
    links: bool,
}

impl Kind for Named {
    fn about(&self) -> About {
        self.about
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        files(workspace, self.directory).into_iter().map(|(name, _, members)| (name, members)).collect()
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        mut members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        if self.links {
            links::to_names(workspace, &mut members)?;
        }
        let path = file(workspace, self.directory, key);
        workspace.files.write_json(path, &Value::Object(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let path = file(workspace, self.directory, key);
        workspace.files.remove(&path);
        Ok(())
    }
}

/// The JSON files of a directory that hold one named thing each: name, path and members.
pub(super) fn files(workspace: &Workspace, directory: &str) -> Vec<(String, String, Members)> {
    let paths: Vec<String> =
        workspace.files.below(directory).filter(|path| path.ends_with(".json")).map(str::to_owned).collect();
    let file = |path: String| {
        let members = workspace.object(&path);
        let name = members.get("name")?.as_str()?.to_owned();
        Some((name, path, members))
    };
    paths.into_iter().filter_map(file).collect()
}

/// The file of a named thing: the one that it has, or a new one.
pub(super) fn file(workspace: &Workspace, directory: &str, name: &str) -> String {
    let known = files(workspace, directory).into_iter().find(|(known, ..)| known == name);
    known.map(|(_, path, _)| path).unwrap_or_else(|| {
        let fits = is_segment(name) && name.len() <= usher_contract::limits::FUNCTION_NAME_CHARS;
        let stem = if fits { name.to_owned() } else { workspace.id(directory, name) };
        format!("{directory}/{stem}.json")
    })
}
