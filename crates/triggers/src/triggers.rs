//! The triggers of a host.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use usher_app::{App, Occasion};
use usher_contract::limits;
use usher_database::{Database, Place, Watched, is_duplicate_key};
use usher_dispatch::{Deployment, Dispatcher};

use crate::document::{Position, Store};
use crate::error::TriggerError;
use crate::keeper::Keeper;
use crate::plan::{self, Plan};

/// How a host runs triggers.
#[derive(Debug, Clone)]
pub struct TriggerOptions {
    /// What this process is called among hosts; no two may share it, and none may take over that of another.
    pub host: String,
    /// See [`limits::TRIGGER_LEASE`].
    pub lease: Duration,
    /// See [`limits::TRIGGER_CALLS`].
    pub calls: u32,
    /// See [`limits::TRIGGER_ATTEMPTS`].
    pub attempts: u32,
}

impl Default for TriggerOptions {
    fn default() -> Self {
        Self {
            host: ObjectId::new().to_hex(),
            lease: limits::TRIGGER_LEASE,
            calls: limits::TRIGGER_CALLS,
            attempts: limits::TRIGGER_ATTEMPTS,
        }
    }
}

/// The triggers of a host: those of the apps that its dispatcher runs.
pub struct Triggers {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    keeper: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What everything of this host shares.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) options: TriggerOptions,
    pub(crate) calls: Arc<Semaphore>,
    /// Told after a deployment.
    pub(crate) deployed: Notify,
    /// Triggers that have a position.
    prepared: Mutex<HashSet<String>>,
}

impl Shared {
    pub(crate) fn prepared(&self) -> HashSet<String> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Triggers {
    /// Begins to run triggers: those of apps that are given to [`deploy`](Self::deploy).
    ///
    /// # Errors
    /// The database's.
    pub async fn start(
        database: Database,
        dispatcher: Arc<Dispatcher>,
        options: TriggerOptions,
    ) -> Result<Arc<Self>, TriggerError> {
        let shared = Arc::new(Shared {
            store: Store::open(database).await?,
            dispatcher,
            calls: Arc::new(Semaphore::new(usize::try_from(options.calls).unwrap_or(1).max(1))),
            options,
            deployed: Notify::new(),
            prepared: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let keeper = tokio::spawn(Keeper::new(shared.clone(), stopped).run());
        Ok(Arc::new(Self { shared, stop, keeper: tokio::sync::Mutex::new(Some(keeper)) }))
    }

    /// Has the dispatcher run an app from now on, and the triggers with it: when this has returned, no event of them is
    /// missed.
    ///
    /// # Errors
    /// [`TriggerError::Unprepared`] and the database's own; the dispatcher runs what it ran before.
    pub async fn deploy(&self, deployment: &Arc<Deployment>) -> Result<(), TriggerError> {
        let app = deployment.app();
        let mut names = Vec::new();
        for plan in plan::of(app) {
            self.prepare(&plan).await?;
            names.push(plan.trigger.name);
        }
        let others = doc! {"app": &app.id, "trigger": {"$nin": names}};
        self.shared.store.positions.update_many(others, doc! {"$set": {"paused": true}}).await?;
        let mut prepared = self.shared.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.extend(plan::of(app).map(|plan| plan.id));
        drop(prepared);
        self.shared.dispatcher.deploy(deployment.clone());
        self.shared.deployed.notify_one();
        Ok(())
    }

    /// Whether the triggers of an app that is about to be recorded can follow what they are about. Nothing changes.
    ///
    /// # Errors
    /// [`TriggerError::Unprepared`] and the database's own.
    pub async fn check(&self, app: &App) -> Result<(), TriggerError> {
        for plan in plan::of(app) {
            let found = self.position(&plan).await?;
            if found.is_none_or(|position| position.subject != plan::subject(&plan.trigger)) {
                self.present(&plan).await?;
            }
        }
        Ok(())
    }

    async fn position(&self, plan: &Plan) -> Result<Option<Position>, TriggerError> {
        Ok(self.shared.store.positions.find_one(doc! {"_id": &plan.id}).await?)
    }

    /// The present of what a trigger follows; of the clock there is no place.
    async fn present(&self, plan: &Plan) -> Result<Option<Place>, TriggerError> {
        let database = &self.shared.store.database;
        let watched = match &plan.trigger.occasion {
            Occasion::Authentication(_) => events(database),
            Occasion::Database(trigger) => plan::watched(trigger),
            Occasion::Scheduled(_) => return Ok(None),
        };
        match database.present(&watched).await {
            Ok(place) => Ok(Some(place)),
            Err(error) if error.is_refusal() => {
                Err(TriggerError::Unprepared { name: plan.trigger.name.clone(), error })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a trigger that is new, or that follows something else now, the present as its position.
    async fn prepare(&self, plan: &Plan) -> Result<(), TriggerError> {
        let store = &self.shared.store;
        let subject = plan::subject(&plan.trigger);
        let found = self.position(plan).await?;
        if found.as_ref().is_some_and(|position| position.subject == subject) {
            return Ok(());
        }
        let place = self.present(plan).await?;
        if let Some(found) = found {
            let place = bson::serialize_to_bson(&place).map_err(mongodb::error::Error::custom)?;
            let anew = doc! {"subject": subject, "place": place, "time": DateTime::now(), "paused": false};
            let as_found = doc! {"_id": &plan.id, "subject": found.subject};
            store.positions.update_one(as_found, doc! {"$set": anew, "$unset": {"halted": ""}}).await?;
            return Ok(());
        }
        let position = Position {
            id: plan.id.clone(),
            app: plan.app.clone(),
            trigger: plan.trigger.name.clone(),
            epoch: 0,
            inherited: 0,
            next: 0,
            subject,
            batch: None,
            place,
            time: DateTime::now(),
            paused: false,
            halted: None,
            succeeded: None,
            failed: None,
            failure: None,
        };
        match store.positions.insert_one(&position).await {
            Err(error) if !is_duplicate_key(&error) => Err(error.into()),
            // Another host was first, a moment ago.
            _ => Ok(()),
        }
    }

    /// Forgets everything of an app that is gone: its events that wait, those that were set aside, and how far its
    /// triggers have come. To be called when the app is deployed no more. Leases stay: their epochs only grow.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget(&self, app: &str) -> Result<(), TriggerError> {
        let store = &self.shared.store;
        // The positions first: a host that still writes finds that it is too late.
        store.positions.delete_many(doc! {"app": app}).await?;
        store.deliveries.delete_many(doc! {"app": app}).await?;
        Ok(())
    }

    /// Begins nothing more.
    pub fn stop_soon(&self) {
        self.stop.send_replace(true);
    }

    /// Stops: functions that run may end, for as long as [`limits::SHUTDOWN_DEADLINE`]; then the leases are given back.
    pub async fn stop(&self) {
        self.stop_soon();
        if let Some(keeper) = self.keeper.lock().await.take()
            && let Err(error) = keeper.await
        {
            tracing::error!(%error, "the keeper of triggers broke off");
        }
    }
}

/// Where identity writes what happens to users.
pub(crate) fn events(database: &Database) -> Watched {
    Watched::Collection { database: database.system().name().to_owned(), collection: "events".to_owned() }
}
