//! Values of environments: `environments/<tag>.json`, a file for each environment, while the admin API has an object for
//! each name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{About, Kind, Members};
use crate::error::ControlError;
use crate::workspace::Workspace;

/// The environments, as their files are named.
const TAGS: [&str; 5] = ["no-environment", "development", "testing", "qa", "production"];

/// Values of environments, by name.
pub struct EnvironmentValues;

impl Kind for EnvironmentValues {
    fn about(&self) -> About {
        About { word: "environment value", missing: "ValueNotFound", taken: "ValueDuplicateName", listed: &[] }
    }

    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)> {
        let mut all: BTreeMap<String, Members> = BTreeMap::new();
        for tag in TAGS {
            for (name, value) in values(workspace, tag) {
                all.entry(name).or_default().insert(tag.to_owned(), value);
            }
        }
        let one = |(name, values): (String, Members)| {
            let mut members = Members::new();
            members.insert("name".to_owned(), json!(name));
            members.insert("values".to_owned(), Value::Object(values));
            (name, members)
        };
        all.into_iter().map(one).collect()
    }

    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        members: Members,
        _: Option<&Members>,
    ) -> Result<(), ControlError> {
        let given = members.get("values").and_then(Value::as_object);
        let given = given
            .ok_or_else(|| ControlError::invalid("'values' is a required object, with a value for each environment"))?;
        let tag = |tag: &String| if tag.is_empty() { TAGS[0].to_owned() } else { tag.clone() };
        let given: BTreeMap<String, &Value> = given.iter().map(|(name, value)| (tag(name), value)).collect();
        if let Some(unknown) = given.keys().find(|tag| !TAGS.contains(&tag.as_str())) {
            let message = format!("{unknown:?} is no environment: they are {}", TAGS.join(", "));
            return Err(ControlError::invalid(message));
        }
        for tag in TAGS {
            put(workspace, tag, key, given.get(tag).map(|value| (*value).clone()))?;
        }
        Ok(())
    }

    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError> {
        TAGS.iter().try_for_each(|tag| put(workspace, tag, key, None))
    }
}

fn file(tag: &str) -> String {
    format!("environments/{tag}.json")
}

fn values(workspace: &Workspace, tag: &str) -> Members {
    match workspace.object(&file(tag)).remove("values") {
        Some(Value::Object(values)) => values,
        _ => Members::new(),
    }
}

fn put(workspace: &mut Workspace, tag: &str, name: &str, value: Option<Value>) -> Result<(), ControlError> {
    let mut all = values(workspace, tag);
    let changed = match value {
        Some(value) => {
            all.insert(name.to_owned(), value);
            true
        }
        None => all.shift_remove(name).is_some(),
    };
    if changed { workspace.files.write_json(file(tag), &json!({"values": all})) } else { Ok(()) }
}
