//! Triggers on changes of documents (real-apps 5).

use bson::{Bson, Document};

use super::operations;
use crate::DatabaseTrigger;
use crate::json::Fields;
use crate::known::Known;
use crate::names;

const KEYS: &[&str] = &[
    "service_name",
    "service_id",
    "clusterName",
    "database",
    "collection",
    "operation_type",
    "operation_types",
    "match",
    "project",
    "full_document",
    "full_document_before_change",
    "unordered",
    "skip_catchup_events",
    "tolerate_resume_errors",
    "maximum_throughput",
];

/// One that is switched off may name a data source that is gone.
pub(super) fn read(config: Fields<'_>, known: Known<'_>, disabled: bool) -> Option<DatabaseTrigger> {
    config.refuse_misspelt(KEYS);
    let data_source = data_source(config, known, disabled);
    let database = config.required("database").and_then(names::database);
    let collection = config.get("collection").filter(|node| !node.is_empty());
    let collection = match collection {
        Some(node) => Some(names::collection(node, database)?.to_owned()),
        None => None,
    };
    if let Some(node) = config.get("maximum_throughput").filter(|node| node.is_true()) {
        node.notice("has no effect: what may run at once is bounded by the host");
    }
    // Each is read before any is missed, so that all their mistakes are told.
    let (filter, project) = (document(config, "match"), document(config, "project"));
    Some(DatabaseTrigger {
        data_source: data_source?,
        database: database?.to_owned(),
        collection,
        operations: operations::of_data(config),
        filter: filter?,
        project: project?,
        full_document: config.flag("full_document"),
        full_document_before_change: config.flag("full_document_before_change"),
        unordered: config.flag("unordered"),
        skip_catchup_events: config.flag("skip_catchup_events"),
        tolerate_resume_errors: config.flag("tolerate_resume_errors"),
    })
}

fn data_source(config: Fields<'_>, known: Known<'_>, disabled: bool) -> Option<String> {
    match config.get("service_name").filter(|node| !node.is_empty()) {
        Some(node) if disabled => node.text().map(str::to_owned),
        Some(node) => known.data_source(node).map(str::to_owned),
        None => match &known.data_sources.names()[..] {
            [only] => Some((*only).to_owned()),
            _ => {
                config.node.mistake("\"service_name\" is missing", known.data_sources.help());
                None
            }
        },
    }
}

/// A document in Extended JSON. The outer `None` is a mistake.
fn document(config: Fields<'_>, key: &str) -> Option<Option<Document>> {
    let Some(node) = config.get(key).filter(|node| !node.is_empty()) else {
        return Some(None);
    };
    node.object()?;
    match node.bson()? {
        Bson::Document(document) => Some(Some(document)),
        _ => {
            node.mistake("is a value of Extended JSON, where a document belongs", "write the fields of an event");
            None
        }
    }
}
