//! Registrations, users, identities, sessions and tokens; the registration pipeline.
//!
//! A login passes [`login`](Identity::login): the credential is checked (`credential`), the first one of an identity
//! creates the user (`pipeline`), then a session is made and its tokens are signed (`session`, `token`). Who the
//! users are is in the system database (`store`); what they may do elsewhere is nobody's business here.

mod accounts;
mod api;
mod credential;
mod custom_data;
mod keys;
mod limiter;
mod login;
mod operator;
mod options;
mod password;
mod pipeline;
mod session;
mod store;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use usher_database::Database;
use usher_dispatch::Dispatcher;

pub use api::{AccessToken, Credential, Device, IdentityError, Login, Profile, ProfileIdentity, UserSummary};
pub use options::IdentityOptions;

/// Users and their sessions, of every app on this host.
pub struct Identity {
    database: Database,
    dispatcher: Arc<Dispatcher>,
    options: IdentityOptions,
    store: store::Store,
    keys: keys::Keys,
    passwords: password::Passwords,
    failures: limiter::Failures,
    /// First logins under way on this host, one at a time for each identity.
    creating: pipeline::Creating,
    /// Domain ids by app and apps by domain id; both never change.
    domains: RwLock<HashMap<String, String>>,
    /// Keeps two reloads of the signing keys from running at once.
    reloading: tokio::sync::Mutex<()>,
}

impl Identity {
    /// Opens the system database: makes its indexes and loads the signing keys.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(
        database: Database,
        dispatcher: Arc<Dispatcher>,
        options: IdentityOptions,
    ) -> Result<Arc<Self>, IdentityError> {
        let store = store::Store::open(&database).await?;
        let keys = keys::Keys::load(&store).await?;
        Ok(Arc::new(Self {
            passwords: password::Passwords::new()?,
            failures: limiter::Failures::new(&options),
            creating: Mutex::default(),
            domains: RwLock::default(),
            reloading: tokio::sync::Mutex::default(),
            database,
            dispatcher,
            options,
            store,
            keys,
        }))
    }
}
