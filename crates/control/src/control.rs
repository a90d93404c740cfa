//! The one value that holds all of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bson::oid::ObjectId;
use usher_database::Database;

use crate::Deployer;
use crate::attempts::Attempts;
use crate::error::ControlError;
use crate::files::Files;
use crate::password::Passwords;
use crate::seal::Keyring;
use crate::sessions::Signing;
use crate::store::Store;

/// The apps that live in the database, and those who administer them. One for each host.
pub struct Control {
    pub(crate) store: Store,
    pub(crate) database: Database,
    pub(crate) deployer: Arc<dyn Deployer>,
    pub(crate) options: ControlOptions,
    pub(crate) passwords: Passwords,
    pub(crate) attempts: Attempts,
    pub(crate) signing: Signing,
    hosted: Mutex<HashMap<ObjectId, Hosted>>,
}

/// What an operator may set.
#[derive(Debug, Clone, Default)]
pub struct ControlOptions {
    /// Where apps are laid out while they are loaded.
    pub directory: PathBuf,
    /// The keys that secrets are encrypted under; without one, none can be stored.
    pub keyring: Keyring,
}

/// What this host knows of an app.
#[derive(Default)]
pub(crate) struct Hosted {
    pub(crate) client_app_id: String,
    /// The revision that runs here, or that was found unable to.
    pub(crate) revision: i64,
    /// The files that were last read or written, so that most need not be read again.
    pub(crate) files: Files,
    /// Held by whoever changes the app, so that changes on one host wait for each other.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
}

impl Control {
    /// Makes the indexes of the system database where they are missing. Nothing runs before [`Control::catch_up`].
    ///
    /// # Errors
    /// [`ControlError::Internal`] where the database fails.
    pub async fn open(
        database: Database,
        deployer: Arc<dyn Deployer>,
        options: ControlOptions,
    ) -> Result<Arc<Self>, ControlError> {
        let store = Store::open(&database).await?;
        Ok(Arc::new(Self {
            signing: Signing::open(&store).await?,
            passwords: Passwords::new()?,
            attempts: Attempts::new(),
            hosted: Mutex::default(),
            store,
            database,
            deployer,
            options,
        }))
    }

    pub(crate) fn hosted(&self) -> MutexGuard<'_, HashMap<ObjectId, Hosted>> {
        self.hosted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of whoever changes this app.
    pub(crate) fn turn(&self, app: ObjectId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.hosted().entry(app).or_default().turn)
    }
}
