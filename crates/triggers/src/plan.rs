//! What should run: the triggers of the apps on this host that are switched on.

use std::collections::BTreeMap;

use usher_app::{App, DatabaseTrigger, Occasion, Trigger};
use usher_database::Watched;
use usher_dispatch::Dispatcher;

use crate::document;

/// A trigger that should run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// `app/trigger`.
    pub(crate) id: String,
    pub(crate) app: String,
    pub(crate) trigger: Trigger,
}

/// Those of one app.
pub(crate) fn of(app: &App) -> impl Iterator<Item = Plan> {
    let on = app.triggers.values().filter(|trigger| !trigger.disabled);
    on.map(|trigger| Plan { id: document::id(&app.id, &trigger.name), app: app.id.clone(), trigger: trigger.clone() })
}

/// Those of every app, by id.
pub(crate) fn all(dispatcher: &Dispatcher) -> BTreeMap<String, Plan> {
    let deployments = dispatcher.deployments();
    deployments.iter().flat_map(|deployment| of(deployment.app())).map(|plan| (plan.id.clone(), plan)).collect()
}

/// What a trigger follows, in words; a place in one history means nothing in another.
pub(crate) fn subject(trigger: &Trigger) -> String {
    match &trigger.occasion {
        Occasion::Authentication(_) => "users".to_owned(),
        // Of another schedule no time has passed yet.
        Occasion::Scheduled(trigger) => format!("clock {}", trigger.schedule),
        Occasion::Database(trigger) => match watched(trigger) {
            Watched::Collection { database, collection } => format!("collection {database}.{collection}"),
            Watched::Database(database) => format!("database {database}"),
            Watched::Deployment => "every database".to_owned(),
        },
    }
}

/// The same for the database.
pub(crate) fn watched(trigger: &DatabaseTrigger) -> Watched {
    match (trigger.database.clone(), trigger.collection.clone()) {
        (Some(database), Some(collection)) => Watched::Collection { database, collection },
        (Some(database), None) => Watched::Database(database),
        (None, _) => Watched::Deployment,
    }
}
