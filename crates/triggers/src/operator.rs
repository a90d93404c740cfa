//! What a person does with triggers.

use std::collections::{HashMap, HashSet};

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use futures::TryStreamExt as _;
use usher_app::{App, Occasion, Trigger};
use usher_contract::limits;
use usher_database::Database;

use crate::document::{Lease, Position, Store, id};
use crate::error::TriggerError;
use crate::plan;
use crate::triggers::events;

/// Looks after triggers, beside whatever host runs them.
pub struct Operator {
    store: Store,
}

/// How a trigger is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerState {
    /// Its name.
    pub name: String,
    /// `AUTHENTICATION`, `DATABASE` or `SCHEDULED`; empty where only its deliveries are left.
    pub kind: &'static str,
    /// Its function; empty likewise.
    pub function: String,
    /// Whether the app has it, switched on.
    pub enabled: bool,
    /// The host that runs it, where one does.
    pub host: Option<String>,
    /// Events that wait.
    pub waiting: u64,
    /// Events that were set aside.
    pub dead: u64,
    /// When its function last succeeded.
    pub succeeded: Option<DateTime>,
    /// When its function last failed.
    pub failed: Option<DateTime>,
    /// How.
    pub failure: Option<String>,
    /// Why it stands still.
    pub halted: Option<String>,
}

/// An event that was set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadDelivery {
    /// What to replay or discard it by.
    pub id: String,
    /// The trigger.
    pub trigger: String,
    /// The function's argument.
    pub event: Option<Document>,
    /// How often the function was called for it.
    pub attempts: i32,
    /// The last failure.
    pub error: String,
    /// When the event happened, or nearly so.
    pub created: DateTime,
    /// When it was set aside.
    pub died: DateTime,
}

/// Which of the events that were set aside.
#[derive(Debug, Clone, PartialEq)]
pub enum Which {
    /// Those with these ids.
    Ids(Vec<String>),
    /// Those of a trigger, or of every one.
    All {
        /// The trigger.
        trigger: Option<String>,
    },
}

impl Operator {
    /// An operator at a database.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(database: Database) -> Result<Self, TriggerError> {
        Ok(Self { store: Store::open(database).await? })
    }

    /// How the triggers of an app are doing, by name; those too that it has no more, while something of them is left.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, app: &App) -> Result<Vec<TriggerState>, TriggerError> {
        let of_app = doc! {"app": &app.id};
        let positions: Vec<Position> =
            self.store.positions.find(of_app).projection(doc! {"batch": 0}).await?.try_collect().await?;
        let mut positions: HashMap<String, Position> =
            positions.into_iter().map(|position| (position.trigger.clone(), position)).collect();
        let names: HashSet<&String> = app.triggers.keys().chain(positions.keys()).collect();
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        names.sort();
        let ids: Vec<String> = names.iter().map(|name| id(&app.id, name)).collect();
        let leases: Vec<Lease> = self.store.leases.find(doc! {"_id": {"$in": ids}}).await?.try_collect().await?;
        let mut hosts: HashMap<String, String> =
            leases.into_iter().filter_map(|lease| lease.host.map(|host| (lease.id, host))).collect();
        let mut states = Vec::new();
        for name in names {
            let (trigger, id) = (app.triggers.get(&name), id(&app.id, &name));
            let (waiting, dead) = tokio::try_join!(self.count(&id, "waiting"), self.count(&id, "dead"))?;
            let position = positions.remove(&name);
            if trigger.is_none() && waiting + dead == 0 {
                continue;
            }
            let note = position.as_ref();
            states.push(TriggerState {
                kind: trigger.map_or("", kind),
                function: trigger.map(|trigger| trigger.function.clone()).unwrap_or_default(),
                enabled: trigger.is_some_and(|trigger| !trigger.disabled),
                host: hosts.remove(&id),
                waiting,
                dead,
                succeeded: note.and_then(|position| position.succeeded),
                failed: note.and_then(|position| position.failed),
                failure: note.and_then(|position| position.failure.clone()),
                halted: note.and_then(|position| position.halted.clone()),
                name,
            });
        }
        Ok(states)
    }

    async fn count(&self, trigger: &str, state: &str) -> Result<u64, TriggerError> {
        Ok(self.store.deliveries.count_documents(doc! {"trigger": trigger, "state": state}).await?)
    }

    /// The events of an app that were set aside, or those of one trigger, in the order in which they happened: as many as
    /// [`limits::TRIGGER_DEAD_SHOWN`] and [`limits::TRIGGER_BUFFER_BYTES`] allow. [`count_dead`](Self::count_dead) counts them all.
    ///
    /// # Errors
    /// The database's.
    pub async fn dead(&self, app: &App, trigger: Option<&str>) -> Result<Vec<DeadDelivery>, TriggerError> {
        let which = which(app, &Which::All { trigger: trigger.map(str::to_owned) })?;
        let found = self.store.deliveries.find(which).sort(doc! {"trigger": 1, "n": 1});
        let mut found = found.limit(limits::TRIGGER_DEAD_SHOWN).await?;
        let (mut dead, mut bytes) = (Vec::new(), 0);
        while bytes < limits::TRIGGER_BUFFER_BYTES
            && let Some(delivery) = found.try_next().await?
        {
            bytes += delivery.event.as_ref().map_or(0, |event| event.bytes.len());
            dead.push(DeadDelivery {
                event: delivery.argument().map_err(mongodb::error::Error::from)?,
                id: delivery.id.to_hex(),
                trigger: delivery.trigger.split_once('/').map(|(_, name)| name.to_owned()).unwrap_or_default(),
                attempts: delivery.attempts,
                error: delivery.error.unwrap_or_default(),
                created: delivery.created,
                died: delivery.died.unwrap_or(delivery.created),
            });
        }
        Ok(dead)
    }

    /// How many events of an app, or of one trigger, were set aside.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_dead(&self, app: &App, trigger: Option<&str>) -> Result<u64, TriggerError> {
        let which = which(app, &Which::All { trigger: trigger.map(str::to_owned) })?;
        Ok(self.store.deliveries.count_documents(which).await?)
    }

    /// Puts events back that were set aside, with all their attempts before them; gives how many. Each goes before what
    /// still waits of its ordering key, but for what is about to run. Those that are there in parts only stay where they are.
    ///
    /// # Errors
    /// The database's; [`TriggerError::NoId`].
    pub async fn replay(&self, app: &App, which: &Which) -> Result<u64, TriggerError> {
        let again = doc! {"state": "waiting", "failures": 0, "unfinished": 0, "replayed": true};
        let gone = doc! {"due": "", "died": "", "expires": ""};
        let mut which = self::which(app, which)?;
        which.insert("unfit", doc! {"$ne": true});
        let replayed = self.store.deliveries.update_many(which, doc! {"$set": again, "$unset": gone}).await?;
        Ok(replayed.modified_count)
    }

    /// Forgets events that were set aside; gives how many. Of a trigger that is named and that the app has no more, those
    /// too that wait: nobody else would ever do anything about them.
    ///
    /// # Errors
    /// The database's; [`TriggerError::NoId`].
    pub async fn discard(&self, app: &App, which: &Which) -> Result<u64, TriggerError> {
        let chosen = match which {
            Which::All { trigger: Some(name) } if !app.triggers.contains_key(name) => {
                let id = id(&app.id, name);
                self.store.positions.delete_one(doc! {"_id": &id}).await?;
                doc! {"app": &app.id, "trigger": id}
            }
            which => self::which(app, which)?,
        };
        Ok(self.store.deliveries.delete_many(chosen).await?.deleted_count)
    }

    /// Lets a trigger that stands still go on with the present; gives whether it did stand still.
    ///
    /// # Errors
    /// The database's; [`TriggerError::Unknown`].
    pub async fn restart(&self, app: &App, name: &str) -> Result<bool, TriggerError> {
        let trigger = app.triggers.get(name).ok_or_else(|| TriggerError::Unknown {
            name: name.to_owned(),
            known: app.triggers.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
        let watched = match &trigger.occasion {
            Occasion::Authentication(_) => events(&self.store.database),
            Occasion::Database(trigger) => plan::watched(trigger),
            Occasion::Scheduled(_) => return Ok(false),
        };
        let place = bson::serialize_to_bson(&self.store.database.present(&watched).await?)
            .map_err(mongodb::error::Error::custom)?;
        let still = doc! {"_id": id(&app.id, name), "halted": {"$exists": true}};
        let present = doc! {"$set": {"place": place, "time": DateTime::now()}, "$unset": {"halted": ""}};
        Ok(self.store.positions.update_one(still, present).await?.modified_count > 0)
    }
}

fn which(app: &App, which: &Which) -> Result<Document, TriggerError> {
    let mut dead = doc! {"app": &app.id, "state": "dead"};
    match which {
        Which::All { trigger: None } => {}
        Which::All { trigger: Some(name) } => drop(dead.insert("trigger", id(&app.id, name))),
        Which::Ids(ids) => {
            let ids = ids.iter().map(|id| ObjectId::parse_str(id).map_err(|_| TriggerError::NoId(id.clone())));
            dead.insert("_id", doc! {"$in": ids.collect::<Result<Vec<_>, _>>()?});
        }
    }
    Ok(dead)
}

fn kind(trigger: &Trigger) -> &'static str {
    match trigger.occasion {
        Occasion::Authentication(_) => "AUTHENTICATION",
        Occasion::Database(_) => "DATABASE",
        Occasion::Scheduled(_) => "SCHEDULED",
    }
}
