//! `realm_config.json` or `root_config.json`: the app's id and where it says it lives (reference 7.7).

use crate::Context;
use crate::json::{self, Fields};
use crate::names::{is_word, quote};

/// The layout that this version reads.
const CONFIG_VERSION: u64 = 20_210_101;
const FILES: [&str; 2] = ["realm_config.json", "root_config.json"];
/// The root files of older layouts, with their versions.
const OLDER: [(&str, u64); 2] = [("config.json", 20_200_603), ("stitch.json", 20_180_301)];
const KEYS: &[&str] = &[
    "config_version",
    "app_id",
    "name",
    "location",
    "provider_region",
    "deployment_model",
    "environment",
    "allowed_request_origins",
];

/// What the root file says.
#[derive(Default)]
pub(crate) struct Root {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) deployment_model: String,
    pub(crate) location: String,
    pub(crate) allowed_request_origins: Vec<String>,
}

pub(crate) fn read(context: Context<'_>) -> Root {
    let present: Vec<&str> = FILES.into_iter().filter(|file| context.tree.exists(file)).collect();
    let root = match present[..] {
        [] => {
            no_root(context);
            None
        }
        [file] => json::read(context, file, |node| node.object().map(root)).flatten(),
        [file, other, ..] => {
            let message = format!("there is {other} as well, and an app has one root file");
            context.report.mistake(file, None, message, "keep the newer one");
            None
        }
    };
    root.unwrap_or_default()
}

fn no_root(context: Context<'_>) {
    for (file, version) in OLDER {
        if context.tree.exists(file) {
            let line = json::read(context, file, |node| {
                node.try_object().and_then(|fields| fields.get("config_version")).map(|node| node.line())
            });
            let message = format!("the layout of config version {version} is not supported yet");
            let help = format!("convert the app to config version {CONFIG_VERSION}, whose root is realm_config.json");
            return context.report.mistake(file, line.flatten(), message, help);
        }
    }
    context.report.mistake(
        FILES[0],
        None,
        "is missing, and so is root_config.json: this is not an app directory",
        format!(
            "give the directory of an app, or write {{\"config_version\": {CONFIG_VERSION}, \"name\": \"my-app\"}}"
        ),
    );
}

fn root(fields: Fields<'_>) -> Root {
    if let Some(node) = fields.get("config_version")
        && let Some(version) = node.whole_number()
        && version != CONFIG_VERSION
    {
        let message = format!("the layout of config version {version} is not supported yet");
        node.mistake(message, format!("convert the app to config version {CONFIG_VERSION}"));
    }
    if let Some(node) = fields.get("environment").filter(|node| !node.is_empty()) {
        node.not_run("the environment", "functions are not given environment values in this version");
    }
    fields.notice_unknown(KEYS);
    let name = fields.required("name").and_then(|node| node.text()).unwrap_or_default();
    Root {
        id: id(fields).unwrap_or_default().to_owned(),
        name: name.to_owned(),
        deployment_model: deployment_model(fields).to_owned(),
        location: fields.text("location").or(fields.text("provider_region")).unwrap_or("US-VA").to_owned(),
        allowed_request_origins: origins(fields),
    }
}

/// The client app id: `app_id`, or else the name. The id in `.mdb/app_meta.json` is an internal one.
fn id(fields: Fields<'_>) -> Option<&str> {
    let node = fields.get("app_id").filter(|node| !node.is_empty()).or(fields.get("name"))?;
    let id = node.text()?;
    if !is_word(id) {
        node.mistake(
            format!("{} cannot be an app id, which stands in the app's URLs", quote(id)),
            "use letters, digits, \"_\" and \"-\"",
        );
    }
    Some(id)
}

fn deployment_model(fields: Fields<'_>) -> &str {
    let Some(model) = fields.text("deployment_model") else {
        return "LOCAL";
    };
    if !["LOCAL", "GLOBAL"].contains(&model)
        && let Some(node) = fields.get("deployment_model")
    {
        node.mistake(format!("{} is not a deployment model", quote(model)), "write \"LOCAL\" or \"GLOBAL\"");
    }
    model
}

fn origins(fields: Fields<'_>) -> Vec<String> {
    let Some(nodes) = fields.get("allowed_request_origins").and_then(|node| node.array()) else {
        return Vec::new();
    };
    let origin = |node: json::Node<'_>| {
        let origin = node.text()?;
        let host = origin.split_once("://").map(|(_, host)| host);
        if origin != "*" && host.is_none_or(|host| host.is_empty() || host.contains('/')) {
            let example = "browsers send origins such as \"https://example.com\", without a path or a final slash";
            node.notice(format!("{} matches no request: {example}", quote(origin)));
        }
        Some(origin.to_owned())
    };
    nodes.into_iter().filter_map(origin).collect()
}
