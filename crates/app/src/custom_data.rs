//! `auth/custom_user_data.json`, or in the older layouts the block `custom_user_data_config` of the root file
//! (reference 1.1 and 2).

use crate::data_sources::DataSources;
use crate::json::{self, Fields, Node};
use crate::known::no_function;
use crate::names::{self, quote};
use crate::root::{Layout, Root};
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
    /// The file that says it.
    file: &'static str,
    /// Where the user-creation function is named.
    creation_line: Option<usize>,
}

impl CustomData {
    pub(crate) fn into_model(self) -> CustomUserData {
        CustomUserData { on_user_creation: self.on_user_creation, ..self.model }
    }
}

pub(crate) fn read(context: Context<'_>, root: &Root, data_sources: &DataSources) -> CustomData {
    let (file, read) = match root.layout {
        Layout::Current => (FILE, json::read(context, FILE, |node| Some(custom_data(node.object()?, data_sources)))),
        Layout::Older => {
            let block = |node: Node<'_>| {
                let fields = node.try_object()?.get("custom_user_data_config")?.object()?;
                Some(custom_data(fields, data_sources))
            };
            (root.file, json::read(context, root.file, block))
        }
    };
    CustomData { file, ..read.flatten().unwrap_or_default() }
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
    let service = value("mongo_service_name");
    if let Some(node) = service.filter(|_| enabled) {
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
        file: FILE,
        model: CustomUserData {
            enabled,
            data_source: service.and_then(Node::text).unwrap_or_default().to_owned(),
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
    let Some(name) = node.text().filter(|name| !data_sources.names().contains(name)) else {
        return;
    };
    node.mistake(format!("no data source is named {}", quote(name)), data_sources.help());
}

/// The user-creation function has to be one of the app's.
pub(crate) fn check_creation_function(context: Context<'_>, custom: &CustomData, functions: &[String]) {
    let Some(name) = custom.on_user_creation.as_deref() else {
        return;
    };
    if functions.iter().any(|function| function == name) {
        return;
    }
    context.report.mistake(
        custom.file,
        custom.creation_line,
        no_function(name, functions),
        "name a function of the app, or remove \"on_user_creation_function_name\"",
    );
}
