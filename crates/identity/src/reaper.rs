//! Anonymous users that nobody will use again (reference 4).

use std::sync::{Arc, Weak};
use std::time::Duration;

use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use usher_app::App;
use usher_contract::limits;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::store::User;
use crate::token::seconds;

/// Users looked up at once.
const BATCH: i64 = 100;
/// How soon after its start a host looks for the first time: later than a single command takes.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

impl Identity {
    /// Deletes the anonymous users of an app that were last seen too long ago, each as by
    /// [`delete_user`](Self::delete_user); gives how many there were. Several hosts may do so at once: one of them deletes
    /// a user, and the others find none.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails; users deleted until then stay deleted.
    pub async fn reap_anonymous(&self, app: &App) -> Result<u64, IdentityError> {
        let before = DateTime::from_millis(DateTime::now().timestamp_millis() - 1000 * seconds(lifetime(app)));
        let stale = doc! {"app": &app.id, "seen_at": {"$lt": before}};
        let mut deleted = 0;
        loop {
            let users: Vec<User> = self
                .store
                .users
                .find(stale.clone())
                .sort(doc! {"seen_at": 1})
                .limit(BATCH)
                .await?
                .try_collect()
                .await?;
            if users.is_empty() {
                return Ok(deleted);
            }
            for user in users {
                // No revocation, of which thousands would keep every host busy: an access token renews `seen_at` when it is
                // issued, and lives for a small part of the least time after which users are deleted.
                match self.delete_where(app, user.id, doc! {"seen_at": {"$lt": before}}, None).await {
                    Ok(()) => deleted += 1,
                    // Another host was quicker, or the user came back.
                    Err(IdentityError::UserNotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Notes a sign of life of an anonymous user.
    pub(crate) async fn seen(&self, app: &App, user: &User) -> Result<(), IdentityError> {
        let now = DateTime::now();
        let Some(seen) = user.seen_at else {
            return Ok(());
        };
        // Much less than the time after which it matters.
        let precision = limits::SEEN_PRECISION.min(lifetime(app) / 10);
        if now.timestamp_millis() - seen.timestamp_millis() >= 1000 * seconds(precision) {
            let still = doc! {"_id": user.id, "seen_at": {"$exists": true}};
            self.store.users.update_one(still, doc! {"$set": {"seen_at": now}}).await?;
        }
        Ok(())
    }
}

fn lifetime(app: &App) -> Duration {
    app.usher.users.anonymous_lifetime.unwrap_or(limits::ANONYMOUS_USER_LIFETIME)
}

/// Deletes stale anonymous users of every app that runs, for as long as the host lives.
pub(crate) async fn reap(identity: Weak<Identity>) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = limits::REAPING_PAUSE;
        let Some(identity) = identity.upgrade() else {
            return;
        };
        for deployment in identity.dispatcher.deployments() {
            let app = deployment.app();
            match identity.reap_anonymous(app).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(app = app.id, deleted, "anonymous users not seen for long are gone"),
                Err(error) => tracing::warn!(app = app.id, %error, "stale anonymous users could not be deleted"),
            }
        }
        drop::<Arc<Identity>>(identity);
    }
}
