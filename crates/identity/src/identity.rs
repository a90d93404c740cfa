//! The one value that holds all of it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bson::{DateTime, doc};
use mongodb::Collection;
use usher_app::App;
use usher_contract::limits;
use usher_database::Database;
use usher_dispatch::Dispatcher;

use crate::api_keys::{self, StoredKey};
use crate::domains::Domains;
use crate::error::IdentityError;
use crate::external::External;
use crate::flights::Flights;
use crate::keys::Keys;
use crate::limiter::Limiter;
use crate::mail::Mailer;
use crate::one_time::OneTimeTokens;
use crate::password::Passwords;
use crate::reaper::reap;
use crate::revocation::Revocations;
use crate::store::Store;

/// How old a host's idea of the active signing key may be by default. One small query a minute costs nothing.
const SIGNING_KEY_AGE: Duration = Duration::from_secs(60);
/// The least time between two looks for signing keys while nothing asks for one.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// Users and their sessions, of every app on this host.
pub struct Identity {
    pub(crate) database: Database,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) options: IdentityOptions,
    pub(crate) store: Store,
    pub(crate) api_keys: Collection<StoredKey>,
    pub(crate) one_time: OneTimeTokens,
    pub(crate) revocations: Revocations,
    pub(crate) domains: Domains,
    pub(crate) keys: Keys,
    pub(crate) passwords: Passwords,
    pub(crate) limiter: Limiter,
    pub(crate) flights: Flights,
    pub(crate) external: External,
}

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct IdentityOptions {
    /// A refresh token's life, except for anonymous users and where the app says otherwise.
    pub refresh_lifetime: Duration,
    /// Failed logins of one identity within the window before more are refused.
    pub failures_per_identity: u32,
    /// Failed logins from one address within the window before more are refused.
    pub failures_per_address: u32,
    /// Anonymous users and registrations from one address within the window before more are refused.
    pub new_users_per_address: u32,
    /// How long failed logins and new users count.
    pub failure_window: Duration,
    /// How old the idea of the active signing key may be.
    pub signing_key_age: Duration,
    /// Sends e-mails.
    pub mailer: Mailer,
}

impl Default for IdentityOptions {
    fn default() -> Self {
        Self {
            refresh_lifetime: limits::REFRESH_TOKEN_LIFETIME,
            failures_per_identity: limits::LOGIN_FAILURES_PER_IDENTITY,
            failures_per_address: limits::LOGIN_FAILURES_PER_ADDRESS,
            new_users_per_address: limits::NEW_USERS_PER_ADDRESS,
            failure_window: limits::LOGIN_FAILURE_WINDOW,
            signing_key_age: SIGNING_KEY_AGE,
            mailer: Mailer::default(),
        }
    }
}

impl Identity {
    /// Makes the indexes of the system database where they are missing and loads the signing keys, or makes the
    /// first one.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails.
    pub async fn open(
        database: Database,
        dispatcher: Arc<Dispatcher>,
        options: IdentityOptions,
    ) -> Result<Arc<Self>, IdentityError> {
        let store = Store::open(&database).await?;
        let keys = Keys::open(&database, options.signing_key_age).await?;
        let identity = Arc::new(Self {
            api_keys: api_keys::open(&database).await?,
            one_time: OneTimeTokens::open(&database).await?,
            revocations: Revocations::open(&database).await?,
            domains: Domains::new(&database),
            passwords: Passwords::new()?,
            limiter: Limiter::new(&options),
            flights: Flights::default(),
            external: External::new()?,
            database,
            dispatcher,
            options,
            store,
            keys,
        });
        tokio::spawn(reap(Arc::downgrade(&identity)));
        tokio::spawn(follow_keys(Arc::downgrade(&identity)));
        Ok(identity)
    }

    /// Makes ready what an app needs in the database: its domain id, the custom-data collection (some servers make
    /// none inside a transaction) and an index on the user-id field. To be called before the app is deployed.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails.
    pub async fn prepare_app(&self, app: &App) -> Result<(), IdentityError> {
        self.domains.of(&app.id).await?;
        self.prepare_custom_data(app).await
    }

    /// Makes a new signing key and gives its id. Tokens of earlier keys stay valid until they expire; other hosts
    /// sign with the new key after [`IdentityOptions::signing_key_age`] at the latest and accept it at once.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails.
    pub async fn rotate_keys(&self) -> Result<String, IdentityError> {
        self.keys.rotate(false).await
    }

    /// Makes a new signing key, gives its id, and forgets the older ones, which somebody may have got hold of: every token
    /// is good no more, on other hosts after [`IdentityOptions::signing_key_age`], and every session ends.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails; where that is after the keys are gone, sessions are left, of
    /// which there are no tokens.
    pub async fn replace_keys(&self) -> Result<String, IdentityError> {
        let before = DateTime::now();
        let key = self.keys.rotate(true).await?;
        self.store.sessions.delete_many(doc! {"created_at": {"$lte": before}}).await?;
        Ok(key)
    }
}

/// Keeps what is known of the signing keys young, so that a host which signs nothing learns of keys that are gone as well.
async fn follow_keys(identity: Weak<Identity>) {
    loop {
        let Some(age) = identity.upgrade().map(|identity| identity.options.signing_key_age) else {
            return;
        };
        tokio::time::sleep(age.max(LEAST_PAUSE)).await;
        if let Some(identity) = identity.upgrade() {
            identity.keys.freshen().await;
        }
    }
}
