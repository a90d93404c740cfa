//! Rules of one service: of a data source `<database>/<collection>/rules.json`, of another `rules/<name>.json`.

use serde_json::{Value, json};

use super::{About, Kind, Members, named, services};
use crate::error::ControlError;
use crate::workspace::{Workspace, segment, text};

const FILE: &str = "/rules.json";

/// Rules of one service, by collection or name.
pub struct Rules {
    /// The service.
    pub service: String,
}

impl Rules {
    /// The service's directory, and whether it is a data source.
    fn directory(&self, workspace: &Workspace) -> Result<(String, bool), ControlError> {
        let directory = services::directory(workspace, &self.service);
        let directory =
            directory.ok_or_else(|| ControlError::NotFound("ServiceNotFound", "service not found".to_owned()))?;
        let source = directory.starts_with("data_sources/");
        Ok((directory, source))
    }

    fn key_for(&self, name: &str) -> String {
        format!("{}/{name}", self.service)
    }
}

impl Kind for Rules {
    fn about(&self) -> About {
        About {
            word: "rule",
            missing: "RuleNotFound",
            taken: "RuleAlreadyExists",
            listed: &["name", "database", "collection"],
        }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        let Ok((directory, source)) = self.directory(workspace) else { return Vec::new() };
        if !source {
            let named = named::files(workspace, &format!("{directory}/rules"));
            return named.into_iter().map(|(name, _, members)| (self.key_for(&name), members)).collect();
        }
        let paths: Vec<String> = workspace.files.below(&directory).map(str::to_owned).collect();
        let rule = |path: String| {
            let (database, collection) = path[directory.len() + 1..].strip_suffix(FILE)?.split_once('/')?;
            let mut members = workspace.object(&path);
            members.entry("database").or_insert(json!(database));
            members.entry("collection").or_insert(json!(collection));
            Some((self.key_for(&format!("{database}.{collection}")), members))
        };
        paths.into_iter().filter_map(rule).collect()
    }

    fn key(&self, workspace: &Workspace, members: &Members) -> Result<String, ControlError> {
        let (_, source) = self.directory(workspace)?;
        Ok(if source {
            let (database, collection) = collection(members)?;
            self.key_for(&format!("{database}.{collection}"))
        } else {
            self.key_for(text(members, "name")?)
        })
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        _: &str,
        mut members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        let (directory, source) = self.directory(workspace)?;
        if !source {
            let path = named::file(workspace, &format!("{directory}/rules"), text(&members, "name")?);
            return workspace.files.write_json(path, &Value::Object(members));
        }
        let (database, collection) = collection(&members)?;
        let place = format!("{directory}/{database}/{collection}");
        members.remove("namespace");
        members.insert("database".to_owned(), json!(database));
        members.insert("collection".to_owned(), json!(collection));
        // The older forms have both in one; here each has a file of its own.
        for (member, file) in [("schema", "schema.json"), ("relationships", "relationships.json")] {
            let given = members.shift_remove(member).filter(|given| given.as_object().is_some_and(|it| !it.is_empty()));
            if let Some(given) = given {
                workspace.files.write_json(format!("{place}/{file}"), &given)?;
            }
        }
        workspace.files.write_json(format!("{place}{FILE}"), &Value::Object(members))
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let (directory, source) = self.directory(workspace)?;
        let name = &key[self.service.len() + 1..];
        let path = match name.split_once('.') {
            Some((database, collection)) if source => format!("{directory}/{database}/{collection}{FILE}"),
            _ => named::file(workspace, &format!("{directory}/rules"), name),
        };
        workspace.files.remove(&path);
        Ok(())
    }
}

/// Database and collection: two members, or the older `namespace`.
fn collection(members: &Members) -> Result<(String, String), ControlError> {
    if let Some((database, collection)) =
        members.get("namespace").and_then(Value::as_str).and_then(|it| it.split_once('.'))
    {
        let both = json!({"database": database, "collection": collection});
        return both
            .as_object()
            .map_or_else(|| Err(ControlError::invalid("'namespace' is malformed")), self::collection);
    }
    Ok((segment(members, "database")?.to_owned(), segment(members, "collection")?.to_owned()))
}
