//! How things refer to each other: by id in the admin API, by name in files.

use serde_json::{Value, json};

use super::{Functions, Kind as _, Members, Services};
use crate::error::ControlError;
use crate::workspace::Workspace;

/// Members that name functions, with those that say the same by id.
const FUNCTIONS: [(&str, &str); 5] = [
    ("function_id", "function_name"),
    ("confirmationFunctionId", "confirmationFunctionName"),
    ("resetFunctionId", "resetFunctionName"),
    ("authFunctionId", "authFunctionName"),
    ("on_user_creation_function_id", "on_user_creation_function_name"),
];
const SERVICES: [(&str, &str); 2] = [("service_id", "service_name"), ("mongo_service_id", "mongo_service_name")];
const SECRETS: [(&str, &str); 1] = [("secret_id", "secret_name")];

/// Puts names in the place of ids, at any depth.
///
/// # Errors
/// Where there is nothing of such an id.
pub(super) fn to_names(workspace: &Workspace, members: &mut Members) -> Result<(), ControlError> {
    let functions = by_id(workspace, &Functions);
    let services = by_id(workspace, &Services);
    let secrets: Vec<(String, String)> = workspace.secrets.clone().into_iter().collect();
    for (pairs, known) in [(&FUNCTIONS[..], &functions), (&SERVICES[..], &services), (&SECRETS[..], &secrets)] {
        for (by_id, by_name) in pairs {
            let Some(id) = members.remove(*by_id) else { continue };
            let named = members.get(*by_name).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
            let id = id.as_str().unwrap_or_default();
            if named || id.is_empty() {
                continue;
            }
            let found = known.iter().find(|(known, _)| known == id);
            let (_, name) = found
                .ok_or_else(|| ControlError::invalid(format!("'{by_id}': there is nothing with the id {id:?}")))?;
            members.insert((*by_name).to_owned(), json!(name));
        }
    }
    for value in members.values_mut() {
        if let Value::Object(inner) = value {
            to_names(workspace, inner)?;
        }
    }
    Ok(())
}

/// Adds the ids of what is named, at any depth.
pub(super) fn add_ids(workspace: &Workspace, members: &mut Members) {
    for (pairs, word) in [(&FUNCTIONS[..], Functions.about().word), (&SERVICES[..], Services.about().word)] {
        for (by_id, by_name) in pairs {
            if let Some(name) = members.get(*by_name).and_then(Value::as_str).filter(|name| !name.is_empty()) {
                let id = workspace.id(word, name);
                members.insert((*by_id).to_owned(), json!(id));
            }
        }
    }
    for value in members.values_mut() {
        if let Value::Object(inner) = value {
            add_ids(workspace, inner);
        }
    }
}

fn by_id(workspace: &Workspace, kind: &dyn super::Kind) -> Vec<(String, String)> {
    kind.all(workspace).into_iter().map(|(key, _)| (workspace.id(kind.about().word, &key), key)).collect()
}
