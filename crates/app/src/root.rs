//! The root file: which layout the app has, its id, and where it says it lives (reference 7.7).

use serde_json::Value;

use crate::Context;
use crate::json::{self, Fields, Node};
use crate::names::{is_word, near, quote};

/// How the files of an app are arranged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `root_config.json`, or `realm_config.json` of config version 20210101: a file for each kind of thing.
    #[default]
    Current,
    /// `config.json` of 20200603 and `stitch.json` of 20180301: a directory for each function and service, a file
    /// for each provider, and custom user data in the root file.
    Older,
}

/// The root files of App Services, newest first, with the config versions that may stand in them.
pub(crate) const FILES: [(&str, Layout, &[u64]); 4] = [
    ("root_config.json", Layout::Current, &[20_210_101]),
    ("realm_config.json", Layout::Current, &[20_210_101]),
    ("config.json", Layout::Older, &[20_200_603, 20_180_301]),
    ("stitch.json", Layout::Older, &[20_200_603, 20_180_301]),
];
/// Holds the client app id as `client_app_id`; its `app_id` is an internal one.
const PULLED: &str = ".mdb/meta.json";
/// The environments of App Services; the first is that of an app that names none.
pub(crate) const ENVIRONMENTS: [&str; 5] = ["", "development", "testing", "qa", "production"];
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
const OLDER_KEYS: &[&str] = &[
    "config_version",
    "app_id",
    "name",
    "location",
    "provider_region",
    "deployment_model",
    "environment",
    "security",
    "custom_user_data_config",
    "sync",
    "hosting",
];

/// What the root file says.
#[derive(Default)]
pub(crate) struct Root {
    pub(crate) layout: Layout,
    /// The root file.
    pub(crate) file: &'static str,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) deployment_model: String,
    pub(crate) location: String,
    pub(crate) environment: String,
    pub(crate) allowed_request_origins: Vec<String>,
}

pub(crate) fn read(context: Context<'_>) -> Root {
    let present: Vec<_> = FILES.into_iter().filter(|(file, ..)| context.tree.exists(file)).collect();
    let fitting: Vec<_> = present.iter().filter(|(file, layout, _)| fits(context, file, *layout)).collect();
    let (file, layout, versions) = match (&fitting[..], &present[..]) {
        ([only], _) => **only,
        // `pull` into an older export leaves the older file where it was.
        ([first, second], _) if first.1 == second.1 => {
            context.report.notice(second.0, None, format!("not read: {} is the newer root file", first.0));
            **first
        }
        ([first, second, ..], _) => {
            let message = format!("there is {} as well, and an app has one root file", second.0);
            context.report.mistake(first.0, None, message, "keep the newer one");
            return Root { layout: first.1, file: first.0, ..Root::default() };
        }
        // Perhaps it is the root file, and perhaps it has a mistake of its own, which comes first.
        ([], [(file, layout, _), ..]) => {
            if json::read(context, file, |_| ()).is_some() {
                context.report.mistake(
                    file,
                    None,
                    "has no \"config_version\", so it is not the root file of an app, and there is no other",
                    "give the directory that App Services exported, with its root file as it was",
                );
            }
            return Root { layout: *layout, file, ..Root::default() };
        }
        ([], []) => {
            context.report.mistake(
                "realm_config.json",
                None,
                "is missing, and so are root_config.json, config.json and stitch.json: this is not an app directory",
                "give the directory of an app, or write {\"config_version\": 20210101, \"name\": \"my-app\"}",
            );
            return Root::default();
        }
    };
    let pulled = pulled_id(context);
    let read =
        json::read(context, file, |node| node.object().map(|fields| root(fields, file, layout, versions, pulled)));
    read.flatten().unwrap_or(Root { layout, file, ..Root::default() })
}

/// The client app id beside the root file, where the newest command-line tool of App Services left it.
fn pulled_id(context: Context<'_>) -> Option<String> {
    if !context.tree.exists(PULLED) {
        return None;
    }
    json::read(context, PULLED, |node| id(node.object()?.get("client_app_id")?).map(str::to_owned)).flatten()
}

/// Whether a file is a root file. Other programs have a `config.json` or a `stitch.json` too; those of App Services
/// always say their version.
fn fits(context: Context<'_>, file: &str, layout: Layout) -> bool {
    layout == Layout::Current
        || context.tree.read(file).is_ok_and(|content| {
            let root: Option<Value> = content.and_then(|content| serde_json::from_slice(&content).ok());
            root.is_some_and(|root| root.get("config_version").is_some())
        })
}

fn root(fields: Fields<'_>, file: &'static str, layout: Layout, versions: &[u64], pulled: Option<String>) -> Root {
    version(fields, file, versions);
    let origins = match layout {
        Layout::Current => {
            fields.notice_unknown(KEYS);
            fields.get("allowed_request_origins")
        }
        Layout::Older => {
            fields.notice_unknown(OLDER_KEYS);
            let security = fields.get("security").and_then(json::Node::object);
            security.and_then(|fields| fields.get("allowed_request_origins").or(fields.get("allowed_origins")))
        }
    };
    let name = fields.required("name").and_then(|node| node.text()).unwrap_or_default();
    Root {
        layout,
        file,
        id: app_id(fields, pulled),
        name: name.to_owned(),
        deployment_model: deployment_model(fields).to_owned(),
        location: fields.text("location").or(fields.text("provider_region")).unwrap_or("US-VA").to_owned(),
        environment: environment(fields).to_owned(),
        allowed_request_origins: origins.map(self::origins).unwrap_or_default(),
    }
}

fn version(fields: Fields<'_>, file: &str, versions: &[u64]) {
    let Some(node) = fields.get("config_version") else { return };
    let Some(version) = node.whole_number().filter(|version| !versions.contains(version)) else { return };
    let home = FILES.iter().rev().find(|(_, _, versions)| versions.contains(&version));
    match home {
        Some((home, ..)) => node.mistake(
            format!("config version {version} is the layout of another root file, {home}"),
            format!("give the directory as it was exported: {file} goes with config version {}", versions[0]),
        ),
        None => node.mistake(
            format!("the layout of config version {version} is not known"),
            "export the app in one of the layouts 20210101, 20200603 and 20180301",
        ),
    }
}

/// The client app id: `app_id`, or else the one beside the root file, or else the name.
fn app_id(fields: Fields<'_>, pulled: Option<String>) -> String {
    let own = fields.get("app_id").filter(|node| !node.is_empty());
    let own = own.and_then(id).map(str::to_owned).or(pulled);
    own.or_else(|| fields.get("name").and_then(id).map(str::to_owned)).unwrap_or_default()
}

/// An id that may stand in the app's URLs, where clients look for it.
fn id(node: Node<'_>) -> Option<&str> {
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
    if let Some(known) = ["LOCAL", "GLOBAL"].into_iter().find(|known| known.eq_ignore_ascii_case(model)) {
        return known;
    }
    if let Some(node) = fields.get("deployment_model") {
        node.mistake(format!("{} is not a deployment model", quote(model)), "write \"LOCAL\" or \"GLOBAL\"");
    }
    model
}

fn environment(fields: Fields<'_>) -> &str {
    let tag = fields.text("environment").unwrap_or_default();
    if !ENVIRONMENTS.contains(&tag)
        && let Some(node) = fields.get("environment")
    {
        let guess = near(tag, &ENVIRONMENTS[1..]).map(|near| format!("; did you mean {}?", quote(near)));
        let message = format!("{} is not an environment{}", quote(tag), guess.unwrap_or_default());
        node.mistake(message, format!("the environments are {}, and none at all", ENVIRONMENTS[1..].join(", ")));
    }
    tag
}

fn origins(node: json::Node<'_>) -> Vec<String> {
    let origin = |node: json::Node<'_>| {
        let origin = node.text()?;
        let host = origin.split_once("://").map(|(_, host)| host);
        if origin != "*" && host.is_none_or(|host| host.is_empty() || host.contains('/')) {
            let example = "browsers send origins such as \"https://example.com\", without a path or a final slash";
            node.notice(format!("{} matches no request: {example}", quote(origin)));
        }
        Some(origin.to_owned())
    };
    node.array().unwrap_or_default().into_iter().filter_map(origin).collect()
}
