//! The JSON form of a whole app, as the command line of App Services sends it to be imported (reference 7.4).

use serde_json::{Value, json};

use crate::apps::{CONFIG_VERSION, ROOT};
use crate::dependencies;
use crate::error::ControlError;
use crate::files::Files;
use crate::kinds::Members;
use crate::workspace::Workspace;

/// Members of the root file.
const ROOT_MEMBERS: [&str; 6] =
    ["name", "location", "provider_region", "deployment_model", "environment", "allowed_request_origins"];

/// Puts the app of such a structure in place of the workspace's. The client app id stays: tokens and clients know the
/// app by it. So do `usher.json`, which no structure holds, and npm packages, which are uploaded by themselves.
///
/// # Errors
/// Where a part has another form than the layout of config version 20210101, or cannot be a file.
pub fn replace_with(workspace: &mut Workspace, structure: &Members) -> Result<(), ControlError> {
    let version = structure.get("config_version").and_then(Value::as_u64).unwrap_or(CONFIG_VERSION);
    if version != CONFIG_VERSION {
        let message = format!("config version {version} cannot be imported: export the app as {CONFIG_VERSION}");
        return Err(ControlError::invalid(message));
    }
    let mut files = Files::default();
    if let Some(usher) = workspace.files.read("usher.json") {
        files.write("usher.json", usher)?;
    }
    let mut root = json!({"config_version": CONFIG_VERSION, "app_id": workspace.client_app_id});
    for name in ROOT_MEMBERS {
        if let Some(value) = structure.get(name).filter(|value| !value.is_null()) {
            root[name] = value.clone();
        }
    }
    files.write_json(ROOT, &root)?;
    for (path, value) in [
        ("auth/providers.json", inner(structure, "auth", "providers")),
        ("auth/custom_user_data.json", inner(structure, "auth", "custom_user_data")),
        ("sync/config.json", inner(structure, "sync", "config")),
        ("graphql/config.json", inner(structure, "graphql", "config")),
        ("http_endpoints/data_api_config.json", structure.get("data_api_config").filter(|it| it.is_object())),
    ] {
        if let Some(value) = value {
            files.write_json(path, value)?;
        }
    }
    for (tag, values) in objects(structure, "environments")? {
        files.write_json(format!("environments/{}.json", tag.trim_end_matches(".json")), values)?;
    }
    for directory in ["values", "triggers", "log_forwarders"] {
        for thing in array(structure, directory)? {
            files.write_json(format!("{directory}/{}.json", name(thing)?), thing)?;
        }
    }
    functions(&mut files, structure)?;
    for parent in ["data_sources", "services"] {
        for service in array(structure, parent)? {
            self::service(&mut files, parent, service)?;
        }
    }
    endpoints(&mut files, structure)?;
    resolvers(&mut files, structure)?;
    dependencies::keep(&workspace.files, &mut files)?;
    workspace.files = files;
    Ok(())
}

fn functions(files: &mut Files, structure: &Members) -> Result<(), ControlError> {
    let Some(functions) = structure.get("functions").and_then(Value::as_object) else { return Ok(()) };
    let mut config = match functions.get("config").or(functions.get("configs")) {
        Some(Value::Array(config)) => config.clone(),
        _ => Vec::new(),
    };
    let sources = functions.get("sources").or(functions.get("src_map")).and_then(Value::as_object);
    for (path, source) in sources.into_iter().flatten() {
        let text = source.as_str().ok_or_else(|| ControlError::invalid(format!("the source {path:?} is no text")))?;
        files.write(format!("functions/{path}"), text.as_bytes())?;
        // A source without an entry is a function with the defaults (reference 5.1).
        let stem = path.strip_suffix(".js").filter(|_| text.contains("exports"));
        if let Some(stem) = stem.filter(|stem| !config.iter().any(|entry| entry["name"] == *stem)) {
            config.push(json!({"name": stem, "private": false}));
        }
    }
    files.write_json("functions/config.json", &Value::Array(config))
}

fn service(files: &mut Files, parent: &str, service: &Value) -> Result<(), ControlError> {
    let config = service.get("config").unwrap_or(service);
    let directory = format!("{parent}/{}", name(config)?);
    let mut config = config.clone();
    if let Some(Value::Object(inner)) = config.get_mut("config") {
        inner.shift_remove("uri");
    }
    files.write_json(format!("{directory}/config.json"), &config)?;
    if let Some(rule) = service.get("default_rule").filter(|rule| rule.is_object()) {
        files.write_json(format!("{directory}/default_rule.json"), rule)?;
    }
    for rule in service.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let part = |key: &str| rule.get(key).and_then(Value::as_str);
        let (Some(database), Some(collection)) = (part("database"), part("collection")) else {
            files.write_json(format!("{directory}/rules/{}.json", name(rule)?), rule)?;
            continue;
        };
        let place = format!("{directory}/{database}/{collection}");
        let mut rule = rule.clone();
        for (member, file) in [("schema", "schema.json"), ("relationships", "relationships.json")] {
            let given = rule.as_object_mut().and_then(|rule| rule.shift_remove(member));
            if let Some(given) = given.filter(Value::is_object) {
                files.write_json(format!("{place}/{file}"), &given)?;
            }
        }
        files.write_json(format!("{place}/rules.json"), &rule)?;
    }
    webhooks(files, &directory, service)
}

/// Each webhook is `{config, source}`.
fn webhooks(files: &mut Files, service_directory: &str, service: &Value) -> Result<(), ControlError> {
    for webhook in service.get("incoming_webhooks").and_then(Value::as_array).into_iter().flatten() {
        let config = webhook.get("config").unwrap_or(webhook);
        let place = format!("{service_directory}/incoming_webhooks/{}", name(config)?);
        files.write_json(format!("{place}/config.json"), config)?;
        if let Some(source) = webhook.get("source").and_then(Value::as_str) {
            files.write(format!("{place}/source.js"), source.as_bytes())?;
        }
    }
    Ok(())
}

/// Endpoints are `endpoints.config`. Under the name of their directory stands the older list of services with webhooks;
/// endpoints are taken there as well.
fn endpoints(files: &mut Files, structure: &Members) -> Result<(), ControlError> {
    let mut all = match structure.get("endpoints") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(endpoints)) => array(endpoints, "config")?.to_vec(),
        Some(_) => return Err(ControlError::invalid("'endpoints' must be an object with the list 'config'")),
    };
    for key in ["http_endpoints", "https_endpoints"] {
        for item in array(structure, key)? {
            if item.get("incoming_webhooks").is_some() {
                service(files, "http_endpoints", item)?;
            } else {
                all.push(item.clone());
            }
        }
    }
    if all.is_empty() { Ok(()) } else { files.write_json("http_endpoints/config.json", &json!(all)) }
}

/// Resolvers of GraphQL, which Usher keeps and does not run, have no names.
fn resolvers(files: &mut Files, structure: &Members) -> Result<(), ControlError> {
    let Some(graphql) = structure.get("graphql").and_then(Value::as_object) else { return Ok(()) };
    for resolver in array(graphql, "custom_resolvers")? {
        let part = |name: &str| resolver.get(name).and_then(Value::as_str).unwrap_or_default();
        let path = format!("graphql/custom_resolvers/{}_{}.json", part("on_type"), part("field_name"));
        files.write_json(path, resolver)?;
    }
    Ok(())
}

fn inner<'a>(structure: &'a Members, outer: &str, name: &str) -> Option<&'a Value> {
    structure.get(outer)?.get(name).filter(|value| value.is_object())
}

fn array<'a>(structure: &'a Members, name: &str) -> Result<&'a [Value], ControlError> {
    match structure.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(ControlError::invalid(format!("'{name}' must be a list"))),
    }
}

fn objects<'a>(
    structure: &'a Members,
    name: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, ControlError> {
    match structure.get(name) {
        None | Some(Value::Null) => Ok(None.into_iter().flatten()),
        Some(Value::Object(members)) => Ok(Some(members).into_iter().flatten()),
        Some(_) => Err(ControlError::invalid(format!("'{name}' must be an object"))),
    }
}

/// The name of a thing, which becomes a part of a path; `Files` checks that it can.
fn name(thing: &Value) -> Result<&str, ControlError> {
    thing.get("name").and_then(Value::as_str).ok_or_else(|| ControlError::invalid("'name' is a required string"))
}
