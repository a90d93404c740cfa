//! Schemas of collections: `schema.json` and `relationships.json` beside the rules.

use serde_json::{Value, json};

use super::{About, Kind, Members, services};
use crate::error::ControlError;
use crate::workspace::{Workspace, segment};

const FILE: &str = "/schema.json";

/// Schemas, by data source and collection.
pub struct Schemas;

impl Kind for Schemas {
    fn about(&self) -> About {
        About { word: "schema", missing: "SchemaNotFound", taken: "SchemaAlreadyExists", listed: &["metadata"] }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        let mut all = Vec::new();
        for (source, directory, _) in services::directories(workspace) {
            for path in workspace.files.below(&directory) {
                let place = path[directory.len() + 1..].strip_suffix(FILE).and_then(|place| place.split_once('/'));
                let Some((database, collection)) = place else { continue };
                let relationships = format!("{directory}/{database}/{collection}/relationships.json");
                let schema = json!({
                    "metadata": {"data_source": source, "database": database, "collection": collection},
                    "schema": workspace.object(path),
                    "relationships": workspace.object(&relationships),
                });
                if let Value::Object(members) = schema {
                    all.push((key(&source, database, collection), members));
                }
            }
        }
        all
    }

    fn key(&self, workspace: &Workspace, members: &Members) -> Result<String, ControlError> {
        let (source, database, collection) = metadata(members)?;
        services::data_source(workspace, &source)?;
        Ok(key(&source, &database, &collection))
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        _: &str,
        members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        let (source, database, collection) = metadata(&members)?;
        let place = format!("{}/{database}/{collection}", services::data_source(workspace, &source)?);
        let member = |name: &str| members.get(name).filter(|given| given.is_object()).cloned();
        let schema = member("schema").ok_or_else(|| ControlError::invalid("'schema' is a required object"))?;
        workspace.files.write_json(format!("{place}{FILE}"), &schema)?;
        let relationships = member("relationships").unwrap_or_else(|| json!({}));
        workspace.files.write_json(format!("{place}/relationships.json"), &relationships)
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        let all = self.all(workspace);
        if let Some((_, members)) = all.iter().find(|(known, _)| known == key) {
            let (source, database, collection) = metadata(members)?;
            let place = format!("{}/{database}/{collection}", services::data_source(workspace, &source)?);
            workspace.files.remove(&format!("{place}{FILE}"));
            workspace.files.remove(&format!("{place}/relationships.json"));
        }
        Ok(())
    }
}

fn key(source: &str, database: &str, collection: &str) -> String {
    format!("{source}/{database}.{collection}")
}

/// Data source, database and collection.
fn metadata(members: &Members) -> Result<(String, String, String), ControlError> {
    let metadata = members.get("metadata").and_then(Value::as_object);
    let metadata = metadata.ok_or_else(|| ControlError::invalid("'metadata' is a required object"))?;
    let part = |name| segment(metadata, name).map(str::to_owned);
    Ok((part("data_source")?, part("database")?, part("collection")?))
}
