//! Events of data: a change stream on a collection or a database.

use std::convert::Infallible;

use bson::oid::ObjectId;
use bson::raw::cstr;
use bson::{DateTime, Document, doc};
use futures::TryStreamExt as _;
use mongodb::error::ErrorKind;
use sha2::{Digest as _, Sha256};
use usher_app::DatabaseTrigger;
use usher_contract::limits;
use usher_database::{Change, Following, LARGE_PARTS, Place, Since, Watched};

use super::Follows;
use crate::document::Position;
use crate::error::TriggerError;
use crate::plan;
use crate::queue::Event;

/// What an event may take of the largest document, so that its delivery can be written down.
const EVENT_BYTES: usize = limits::DOCUMENT_BYTES - 64 * 1024;

impl Follows<'_> {
    pub(super) async fn database(
        &self,
        trigger: &DatabaseTrigger,
        position: Position,
    ) -> Result<Infallible, TriggerError> {
        let database = &self.source.store.database;
        let watched = plan::watched(trigger);
        let mut place = position.place;
        if trigger.skip_catchup_events && (self.paused || self.absent) {
            place = Some(self.begin_anew(&watched).await?);
        }
        let mut following = Following::new(watched, place.map_or(Since::Now, Since::After));
        following.filter = filter(trigger, database.system().name());
        following.expanded = trigger.operations.iter().any(|name| EXPANDED.contains(&operation_type(name).as_str()));
        following.project = trigger.project.clone().filter(|project| !project.is_empty());
        following.full_document = trigger.full_document;
        following.before_change = trigger.full_document_before_change && self.keep_pre_images(trigger).await;
        let read = |change: Change| Some(self.event(change, trigger.unordered));
        loop {
            let Err(error) = self.follow(database.changes(following.clone()), &read).await;
            let TriggerError::Lost(reason) = error else { return Err(error) };
            if !trigger.tolerate_resume_errors {
                return Err(TriggerError::Lost(reason));
            }
            let (app, trigger) = (&self.source.queue.app, &self.source.queue.trigger);
            tracing::warn!(target: "usher::trigger", app, trigger, reason, "events were lost; going on with the present");
            following.since = Since::After(self.begin_anew(&following.watched).await?);
        }
    }

    /// Makes the present the position.
    async fn begin_anew(&self, watched: &Watched) -> Result<Place, TriggerError> {
        let place = self.source.store.database.present(watched).await?;
        self.source.queue.advance(&self.progress(Some(place.clone()), DateTime::now())).await?;
        Ok(place)
    }

    /// Has MongoDB keep documents as they were before a change; says so where it does not.
    async fn keep_pre_images(&self, trigger: &DatabaseTrigger) -> bool {
        match self.try_keep_pre_images(trigger).await {
            Ok(()) => true,
            Err(error) => {
                let (app, trigger) = (&self.source.queue.app, &self.source.queue.trigger);
                tracing::warn!(
                    target: "usher::trigger",
                    app, trigger, %error,
                    "the database does not keep documents as they were; events have no fullDocumentBeforeChange"
                );
                false
            }
        }
    }

    async fn try_keep_pre_images(&self, trigger: &DatabaseTrigger) -> Result<(), TriggerError> {
        let database = &self.source.store.database;
        // As App Services has it, not for every collection that there is or will be.
        let Some(of) = &trigger.database else { return Ok(()) };
        let collections = match &trigger.collection {
            Some(collection) => {
                database.ensure_collection(of, collection).await?;
                vec![collection.clone()]
            }
            // One that is made later does not keep them.
            None => {
                let all = database.client().database(of).list_collections().await?;
                let all: Vec<_> = all.try_collect().await?;
                all.into_iter().map(|it| it.name).filter(|name| !name.starts_with("system.")).collect()
            }
        };
        for collection in collections {
            let keep = doc! {"collMod": collection, "changeStreamPreAndPostImages": {"enabled": true}};
            match database.client().database(of).run_command(keep).await {
                // A view has no documents of its own.
                Err(error) if trigger.collection.is_none() && is_view(&error) => {}
                outcome => drop(outcome?),
            }
        }
        Ok(())
    }

    /// The event of a change; one that cannot be handed over is set aside without its large parts, since a function that
    /// is given less than it counts on would do the wrong thing.
    fn event(&self, change: Change, unordered: bool) -> Event {
        let key = if unordered { ObjectId::new().to_hex() } else { key(&change) };
        let Change { mut event, cut, .. } = change;
        let whole = event.to_vec().unwrap_or_default();
        if !cut && !whole.is_empty() && whole.len() <= EVENT_BYTES {
            return Event { key, argument: Some(whole), unfit: None };
        }
        let parts: Vec<&str> = LARGE_PARTS.into_iter().filter(|part| event.remove(*part).is_some() || cut).collect();
        let reason = format!(
            "the event is larger than {EVENT_BYTES} bytes: it was set aside without {}, and the function was not called; a \
             projection (\"project\") can make events smaller",
            parts.join(", ")
        );
        let (app, trigger) = (&self.source.queue.app, &self.source.queue.trigger);
        tracing::error!(target: "usher::trigger", app, trigger, reason, "an event is set aside");
        // What is left can still be too large: an `_id` has no bounds of its own.
        let argument = event.to_vec().ok().filter(|rest| rest.len() <= EVENT_BYTES);
        Event { key, argument, unfit: Some(reason) }
    }
}

fn is_view(error: &mongodb::error::Error) -> bool {
    const COMMAND_NOT_SUPPORTED_ON_VIEW: i32 = 166;
    const INVALID_OPTIONS: i32 = 72;
    matches!(error.kind.as_ref(), ErrorKind::Command(command)
        if [COMMAND_NOT_SUPPORTED_ON_VIEW, INVALID_OPTIONS].contains(&command.code))
}

/// The operations and the match expression of a trigger as one query of change events; of every database, those that are
/// an app's. `system` is the database that is not.
fn filter(trigger: &DatabaseTrigger, system: &str) -> Option<Document> {
    let mut tests = Vec::new();
    if trigger.database.is_none() {
        // The state of Device Sync is left out as App Services left it out.
        let sync = bson::Regex { pattern: cstr!("^__realm_sync").into(), options: cstr!("").into() };
        tests.push(doc! {"ns.db": {"$nin": [system, "admin", "config", "local", sync]}});
    }
    if !trigger.operations.is_empty() {
        let operations: Vec<String> = trigger.operations.iter().map(|name| operation_type(name)).collect();
        tests.push(doc! {"operationType": {"$in": operations}});
    }
    tests.extend(trigger.filter.clone().filter(|filter| !filter.is_empty()));
    match tests.len() {
        0 | 1 => tests.pop(),
        _ => Some(doc! {"$and": tests}),
    }
}

/// Events that MongoDB gives only to whoever asks for them.
const EXPANDED: [&str; 7] = [
    "create",
    "modify",
    "shardCollection",
    "reshardCollection",
    "refineCollectionShardKey",
    "createIndexes",
    "dropIndexes",
];

/// What MongoDB calls an operation: `dropIndexes` is `DROP_INDEXES`, but `create` is `CREATE_COLLECTION`.
fn operation_type(name: &str) -> String {
    let name = match name {
        "DROPDATABASE" => "DROP_DATABASE",
        "CREATE_COLLECTION" | "MODIFY_COLLECTION" | "RENAME_COLLECTION" | "DROP_COLLECTION" => {
            name.trim_end_matches("_COLLECTION")
        }
        other => other,
    };
    let mut words = name.split('_').map(str::to_ascii_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |all, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        all + &initial.to_ascii_uppercase() + rest
    })
}

/// Changes of one document stay in order; so do those of a collection that concern no single one.
fn key(change: &Change) -> String {
    let mut of = doc! {"ns": change.event.get("ns").cloned().unwrap_or(bson::Bson::Null)};
    if let Some(key) = &change.key {
        of.insert("key", key.clone());
    }
    let digest = Sha256::digest(of.to_vec().unwrap_or_default());
    hex::encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use usher_app::DatabaseTrigger;

    use super::operation_type;

    #[test]
    fn operations_and_match_become_one_query() {
        let mut trigger = DatabaseTrigger { operations: vec!["INSERT".into(), "DELETE".into()], ..Default::default() };
        trigger.database = Some("app".to_owned());
        let filter = |trigger: &DatabaseTrigger| super::filter(trigger, "usher");
        assert_eq!(filter(&trigger), Some(doc! {"operationType": {"$in": ["insert", "delete"]}}));
        trigger.filter = Some(doc! {});
        assert_eq!(filter(&trigger), Some(doc! {"operationType": {"$in": ["insert", "delete"]}}));
        trigger.filter = Some(doc! {"fullDocument.n": 1});
        let both = doc! {"$and": [{"operationType": {"$in": ["insert", "delete"]}}, {"fullDocument.n": 1}]};
        assert_eq!(filter(&trigger), Some(both));
        trigger.operations.clear();
        assert_eq!(filter(&trigger), Some(doc! {"fullDocument.n": 1}));
    }

    #[test]
    fn operations_have_two_names() {
        for (app_services, mongodb) in [
            ("INSERT", "insert"),
            ("CREATE_COLLECTION", "create"),
            ("MODIFY_COLLECTION", "modify"),
            ("RENAME_COLLECTION", "rename"),
            ("DROP_COLLECTION", "drop"),
            ("SHARD_COLLECTION", "shardCollection"),
            ("RESHARD_COLLECTION", "reshardCollection"),
            ("REFINE_COLLECTION_SHARD_KEY", "refineCollectionShardKey"),
            ("CREATE_INDEXES", "createIndexes"),
            ("DROP_INDEXES", "dropIndexes"),
            ("DROP_DATABASE", "dropDatabase"),
            ("DROPDATABASE", "dropDatabase"),
            ("RENAME", "rename"),
        ] {
            assert_eq!(operation_type(app_services), mongodb);
        }
    }
}
