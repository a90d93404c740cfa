//! What an app has one of: custom user data, origins, the environment, lifetimes, default rules.

use serde_json::{Value, json};

use super::{Members, links, services};
use crate::apps::ROOT;
use crate::error::ControlError;
use crate::workspace::Workspace;

const CUSTOM_DATA: &str = "auth/custom_user_data.json";
const USHER: &str = "usher.json";
const ORIGINS: &str = "allowed_request_origins";
const LIFETIME: &str = "refresh_token_seconds";

/// Custom user data (reference 1.1).
pub fn custom_user_data(workspace: &Workspace) -> Value {
    let mut members = workspace.object(CUSTOM_DATA);
    members.entry("enabled").or_insert(json!(false));
    links::add_ids(workspace, &mut members);
    Value::Object(members)
}

/// Changes members of the custom user data.
///
/// # Errors
/// Where a member names something that is not there.
pub fn set_custom_user_data(workspace: &mut Workspace, mut given: Members) -> Result<(), ControlError> {
    let mut members = workspace.object(CUSTOM_DATA);
    links::to_names(workspace, &mut given)?;
    // An empty id takes the function away.
    given.retain(|_, value| !value.is_null());
    members.extend(given);
    members.entry("enabled").or_insert(json!(false));
    workspace.files.write_json(CUSTOM_DATA, &Value::Object(members))
}

/// Origins that browsers may call from (reference 3.1).
pub fn allowed_request_origins(workspace: &Workspace) -> Value {
    workspace.object(ROOT).remove(ORIGINS).unwrap_or_else(|| json!([]))
}

/// Sets the origins.
///
/// # Errors
/// Where they are no list of texts.
pub fn set_allowed_request_origins(workspace: &mut Workspace, origins: &Value) -> Result<(), ControlError> {
    if !origins.as_array().is_some_and(|origins| origins.iter().all(Value::is_string)) {
        return Err(ControlError::invalid("the origins are a list of strings"));
    }
    set_root(workspace, ORIGINS, origins.clone())
}

/// The environment's tag; empty for none.
pub fn environment(workspace: &Workspace) -> Value {
    workspace.object(ROOT).remove("environment").unwrap_or_else(|| json!(""))
}

/// Sets the environment's tag.
///
/// # Errors
/// Where it is no text.
pub fn set_environment(workspace: &mut Workspace, members: &Members) -> Result<(), ControlError> {
    match members.get("environment") {
        Some(tag @ Value::String(_)) => set_root(workspace, "environment", tag.clone()),
        _ => Err(ControlError::invalid("'environment' is a required string")),
    }
}

/// A refresh token's life in seconds; `None` for the host's default (reference 4).
pub fn refresh_token_seconds(workspace: &Workspace) -> Option<u64> {
    workspace.object(USHER).get("users")?.get(LIFETIME)?.as_u64()
}

/// Sets a refresh token's life.
///
/// # Errors
/// Where it is no whole number of seconds.
pub fn set_refresh_token_seconds(workspace: &mut Workspace, seconds: Option<&Value>) -> Result<(), ControlError> {
    let seconds = seconds.and_then(Value::as_u64);
    let seconds =
        seconds.ok_or_else(|| ControlError::invalid("'expiration_time_seconds' is a required whole number"))?;
    let mut usher = workspace.object(USHER);
    let users = usher.entry("users").or_insert_with(|| json!({}));
    users[LIFETIME] = json!(seconds);
    workspace.files.write_json(USHER, &Value::Object(usher))
}

/// The default rule of a data source (reference 6.1), if it has one.
///
/// # Errors
/// Where it is no data source.
pub fn default_rule(workspace: &Workspace, service: &str) -> Result<Option<Value>, ControlError> {
    let path = default_rule_of(workspace, service)?;
    if workspace.files.read(&path).is_none() {
        return Ok(None);
    }
    let mut rule = Members::new();
    rule.insert("_id".to_owned(), json!(default_rule_id(workspace, service)));
    rule.extend(workspace.object(&path));
    Ok(Some(Value::Object(rule)))
}

/// The id of a data source's default rule.
pub fn default_rule_id(workspace: &Workspace, service: &str) -> String {
    workspace.id("default rule", service)
}

/// Sets the default rule of a data source, or takes it away.
///
/// # Errors
/// Where it is no data source.
pub fn set_default_rule(workspace: &mut Workspace, service: &str, rule: Option<Members>) -> Result<(), ControlError> {
    let path = default_rule_of(workspace, service)?;
    match rule {
        Some(mut rule) => {
            // Importers send what belongs to a collection along.
            rule.retain(|name, _| name == "roles" || name == "filters");
            workspace.files.write_json(path, &Value::Object(rule))
        }
        None => {
            workspace.files.remove(&path);
            Ok(())
        }
    }
}

fn default_rule_of(workspace: &Workspace, service: &str) -> Result<String, ControlError> {
    Ok(format!("{}/default_rule.json", services::data_source(workspace, service)?))
}

fn set_root(workspace: &mut Workspace, name: &str, value: Value) -> Result<(), ControlError> {
    let mut root = workspace.object(ROOT);
    root.insert(name.to_owned(), value);
    workspace.files.write_json(ROOT, &Value::Object(root))
}
