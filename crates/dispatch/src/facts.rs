//! What functions are told about their app, encoded once.

use std::collections::HashMap;
use std::sync::Arc;

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
    /// What rules see of the values.
    pub(crate) rule_values: Arc<Document>,
    /// What rules see of the environment.
    pub(crate) rule_environment: Arc<Document>,
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
        let values: Document = app
            .values
            .iter()
            .map(|(name, value)| match value {
                AppValue::Plain(json) => (name.clone(), bson(json.clone())),
                AppValue::Secret(text) => (name.clone(), Bson::String(text.clone())),
            })
            .collect();
        let each = |(name, value): (&String, &Bson)| (name.clone(), bytes(&doc! { "value": value.clone() }));
        let own: Document =
            app.environment.values.iter().map(|(name, json)| (name.clone(), bson(json.clone()))).collect();
        let environment = doc! { "tag": &app.environment.tag, "values": own };
        Self {
            app: bytes(&about),
            values: values.iter().map(each).collect(),
            environment: bytes(&environment),
            rule_values: Arc::new(values),
            rule_environment: Arc::new(environment),
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
