//! `auth/custom_user_data.json` (reference 1.1 and 2).

use crate::data_sources::DataSources;
use crate::json::{self, Fields, Node};
use crate::names::{self, near, quote};
use crate::{Context, CustomUserData};

const FILE: &str = "auth/custom_user_data.json";
const KEYS: &[&str] = &[
    "enabled",
    "mongo_service_name",
    "database_name",
    "collection_name",
    "user_id_field",
    "on_user_creation_function_name",
];

/// What the file says.
#[derive(Default)]
pub(crate) struct CustomData {
    model: CustomUserData,
    pub(crate) on_user_creation: Option<String>,
    /// Where the user-creation function is named.
    creation_line: Option<usize>,
}

impl CustomData {
    pub(crate) fn into_model(self) -> CustomUserData {
        CustomUserData { on_user_creation: self.on_user_creation, ..self.model }
    }
}

pub(crate) fn read(context: Context<'_>, data_sources: &DataSources) -> CustomData {
    let read = json::read(context, FILE, |node| Some(custom_data(node.object()?, data_sources)));
    read.flatten().unwrap_or_default()
}

/// Parsed whole even when it is switched off, as App Services does: a mistake should not wait for the day the
/// feature is switched on. Only then, however, does anything have to be there.
fn custom_data(fields: Fields<'_>, data_sources: &DataSources) -> CustomData {
    fields.notice_unknown(KEYS);
    let enabled = fields.flag("enabled");
    if fields.get("enabled").is_none() {
        fields.node.notice("\"enabled\" is missing, so custom user data is off");
    }
    let value = |key| match enabled {
        true => fields.required(key),
        false => fields.get(key).filter(|node| !node.is_empty()),
    };
    if let Some(node) = value("mongo_service_name") {
        data_source(node, data_sources);
    }
    let database = value("database_name").and_then(names::database);
    let collection = value("collection_name").and_then(|node| names::collection(node, database));
    let user_id_field = value("user_id_field").and_then(names::id_field);
    let creation = fields.get("on_user_creation_function_name").filter(|node| !node.is_empty());
    if let Some(node) = creation
        && !enabled
    {
        node.notice("custom user data is off, but this function still runs before a user is created");
    }
    CustomData {
        model: CustomUserData {
            enabled,
            database: database.unwrap_or_default().to_owned(),
            collection: collection.unwrap_or_default().to_owned(),
            user_id_field: user_id_field.unwrap_or_default().to_owned(),
            on_user_creation: None,
        },
        on_user_creation: creation.and_then(Node::text).map(str::to_owned),
        creation_line: creation.map(Node::line),
    }
}

fn data_source(node: Node<'_>, data_sources: &DataSources) {
    let Some(name) = node.text().filter(|name| !data_sources.has(name)) else {
        return;
    };
    let known = data_sources.names();
    let help = match known[..] {
        [] => "there are none: add data_sources/mongodb-atlas/config.json".to_owned(),
        _ => format!("the data sources are {}", known.join(", ")),
    };
    node.mistake(format!("no data source is named {}", quote(name)), help);
}

/// The user-creation function has to be one of the app's.
pub(crate) fn check_creation_function(context: Context<'_>, custom: &CustomData, functions: &[String]) {
    let Some(name) = custom.on_user_creation.as_deref() else {
        return;
    };
    if functions.iter().any(|function| function == name) {
        return;
    }
    let known: Vec<&str> = functions.iter().map(String::as_str).collect();
    let guess = near(name, &known).map(|near| format!("; did you mean {}?", quote(near)));
    context.report.mistake(
        FILE,
        custom.creation_line,
        format!("no function is named {}{}", quote(name), guess.unwrap_or_default()),
        "name a function of the app, or remove \"on_user_creation_function_name\"",
    );
}
