//! What functions are told about their app, encoded once.

use std::collections::HashMap;

use bson::{Bson, DateTime, Document, doc};
use usher_app::{App, AppValue};
use usher_contract::value;

/// BSON documents, ready to be handed out.
pub(crate) struct Facts {
    /// `context.app` (reference 5.4).
    pub(crate) app: Vec<u8>,
    /// `{value}`, by name.
    pub(crate) values: HashMap<String, Vec<u8>>,
    /// `{tag, values}`.
    pub(crate) environment: Vec<u8>,
}

impl Facts {
    pub(crate) fn new(app: &App) -> Self {
        let deployed = DateTime::now().try_to_rfc3339_string().unwrap_or_default();
        let about = doc! {
            "id": &app.id,
            "clientAppId": &app.id,
            "name": &app.name,
            "projectId": "",
            "deployment": { "model": &app.deployment_model, "providerRegion": &app.location },
            "lastDeployed": deployed,
            "hostingUri": "",
        };
        let values = app.values.iter().map(|(name, value)| {
            let value = match value {
                AppValue::Plain(json) => bson(json.clone()),
                AppValue::Secret(text) => Bson::String(text.clone()),
            };
            (name.clone(), bytes(&doc! { "value": value }))
        });
        let own: Document =
            app.environment.values.iter().map(|(name, json)| (name.clone(), bson(json.clone()))).collect();
        Self {
            app: bytes(&about),
            values: values.collect(),
            environment: bytes(&doc! { "tag": &app.environment.tag, "values": own }),
        }
    }
}

/// Extended JSON as a value. What the app's reader accepted is Extended JSON.
fn bson(json: serde_json::Value) -> Bson {
    value::from_extended_json(json).unwrap_or(Bson::Null)
}

fn bytes(document: &Document) -> Vec<u8> {
    value::bytes(document).unwrap_or_default()
}
