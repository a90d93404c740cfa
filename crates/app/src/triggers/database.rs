//! Triggers on changes of documents (real-apps 5).

use bson::{Bson, Document};

use super::{operations, skips};
use crate::DatabaseTrigger;
use crate::json::{Fields, Node};
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
    "skip_catchup_event",
    "skip_catchup_events",
    "tolerate_resume_errors",
    "maximum_throughput",
];

/// One that is switched off may name a data source that is gone.
pub(super) fn read(config: Fields<'_>, known: Known<'_>, disabled: bool) -> Option<DatabaseTrigger> {
    config.refuse_misspelt(KEYS);
    let data_source = data_source(config, known, disabled);
    let database = named(config, "database", names::database);
    let collection = named(config, "collection", |node| names::collection(node, database.flatten()));
    if database == Some(None) {
        if config.get("collection").is_some_and(|node| !node.is_empty()) {
            config.node.mistake("a collection is named, and no database", "add \"database\"");
            return None;
        }
        config.node.notice("names no database, so the trigger is about every database that is an app's");
    }
    if let Some(node) = config.get("maximum_throughput").filter(|node| node.is_true()) {
        node.notice("has no effect: what may run at once is bounded by the host");
    }
    // Each is read before any is missed, so that all their mistakes are told.
    let (filter, project) = (document(config, "match"), projection(config));
    Some(DatabaseTrigger {
        data_source: data_source?,
        database: database?.map(str::to_owned),
        collection: collection?.map(str::to_owned),
        operations: operations::of_data(config),
        filter: filter?,
        project: project?,
        full_document: config.flag("full_document"),
        full_document_before_change: config.flag("full_document_before_change"),
        unordered: config.flag("unordered"),
        skip_catchup_events: skips(config),
        tolerate_resume_errors: config.flag("tolerate_resume_errors"),
    })
}

/// A name that may be left out. The outer `None` is a mistake.
fn named<'d>(config: Fields<'d>, key: &str, read: impl FnOnce(Node<'d>) -> Option<&'d str>) -> Option<Option<&'d str>> {
    match config.get(key).filter(|node| !node.is_empty()) {
        Some(node) => read(node).map(Some),
        None => Some(None),
    }
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

/// A projection only takes away what the function is given: one that is none is told, and the trigger runs.
fn projection(config: Fields<'_>) -> Option<Option<Document>> {
    match config.get("project").filter(|node| !node.is_empty()) {
        Some(node) if node.try_object().is_none() => {
            node.notice("is no object, so it has no effect");
            Some(None)
        }
        _ => document(config, "project"),
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
