//! Users whose access tokens are good no more, although they have not expired: the disabled and the deleted.
//!
//! An access token is verified without asking the database, so every host keeps the list in memory. It is short: an entry
//! lasts no longer than the tokens that it is about. A host learns of what another one did within
//! [`limits::REVOCATION_DELAY`], as long as the database answers.
//!
//! Whoever is on the list has no good access token, whenever it was issued: hosts' clocks differ, and a login may be
//! half-way through when its user is disabled.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use mongodb::{ClientSession, Collection};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use usher_contract::limits;
use usher_database::{Database, index};

use crate::error::IdentityError;
use crate::token::seconds;

/// How far back each look goes, so that clocks of hosts may differ by that much.
const OVERLAP: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Revocation {
    /// The user.
    #[serde(rename = "_id")]
    user: ObjectId,
    /// When this was written.
    at: DateTime,
    /// Whether the user was enabled again since.
    #[serde(default)]
    lifted: bool,
    /// When the last token issued before has expired, wherever it was issued.
    expires_at: DateTime,
}

/// What this host knows, and who wants to know when that changes.
#[derive(Default)]
struct List {
    users: RwLock<HashMap<ObjectId, Revocation>>,
    news: watch::Sender<()>,
}

pub(crate) struct Revocations {
    stored: Collection<Revocation>,
    list: Arc<List>,
    follower: AbortHandle,
}

impl Drop for Revocations {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Revocation {
    /// Of every token that the user has at this moment.
    pub(crate) fn now(user: ObjectId) -> Self {
        let at = DateTime::now();
        Self { user, at, lifted: false, expires_at: after(at, limits::ACCESS_TOKEN_LIFETIME + OVERLAP) }
    }

    /// The end of one: the user may use what tokens there are.
    pub(crate) fn lifted(user: ObjectId) -> Self {
        Self { lifted: true, ..Self::now(user) }
    }
}

impl Revocations {
    pub(crate) async fn open(database: &Database) -> Result<Self, IdentityError> {
        let system = database.system();
        database.ensure_collection(system.name(), "revocations").await?;
        let stored: Collection<Revocation> = system.collection("revocations");
        database.ensure_indexes(&stored, [index::expiring("expires_at"), index::plain(doc! {"at": 1})]).await?;
        let list = Arc::<List>::default();
        let since = DateTime::now();
        learn(&stored, &list, DateTime::from_millis(0)).await?;
        let follower = tokio::spawn(follow(stored.clone(), Arc::clone(&list), since)).abort_handle();
        Ok(Self { stored, list, follower })
    }

    /// Records one inside the transaction that is its reason. Followed by [`apply`](Self::apply) after the commit.
    pub(crate) async fn record(
        &self,
        revocation: &Revocation,
        session: &mut ClientSession,
    ) -> Result<(), IdentityError> {
        let key = doc! {"_id": revocation.user};
        self.stored.replace_one(key, revocation).upsert(true).session(session).await?;
        Ok(())
    }

    /// Makes this host know one at once.
    pub(crate) fn apply(&self, revocation: Revocation) {
        self.list.learn([revocation]);
    }

    /// Changes whenever this host learns of a revocation.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.list.news.subscribe()
    }

    /// The database has just said that the user is not disabled, perhaps before this host learned so. Where it is wrong by
    /// now, the next look puts that right.
    pub(crate) fn pardon(&self, user: &ObjectId) {
        let known = self.list.users.read().unwrap_or_else(PoisonError::into_inner).contains_key(user);
        if known {
            self.list.users.write().unwrap_or_else(PoisonError::into_inner).remove(user);
        }
    }

    /// Whether the user's access tokens are good no more.
    pub(crate) fn revoked(&self, user: &str) -> bool {
        let list = self.list.users.read().unwrap_or_else(PoisonError::into_inner);
        if list.is_empty() {
            return false;
        }
        let revocation = ObjectId::parse_str(user).ok().and_then(|user| list.get(&user));
        revocation.is_some_and(|revocation| !revocation.lifted)
    }
}

impl List {
    /// Adds what is new.
    fn learn(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = false;
        for revocation in revocations {
            let known = users.get(&revocation.user).is_some_and(|known| known.at >= revocation.at);
            if !known {
                users.insert(revocation.user, revocation);
                news = true;
            }
        }
        drop(users);
        if news {
            self.news.send_replace(());
        }
    }

    fn forget_expired(&self) {
        let now = DateTime::now();
        self.users.write().unwrap_or_else(PoisonError::into_inner).retain(|_, revocation| revocation.expires_at > now);
    }
}

fn after(time: DateTime, duration: Duration) -> DateTime {
    DateTime::from_millis(time.timestamp_millis() + 1000 * seconds(duration))
}

/// Adds what was written since a time, and forgets what has expired.
async fn learn(stored: &Collection<Revocation>, list: &List, since: DateTime) -> Result<(), IdentityError> {
    let now = DateTime::now();
    let news: Vec<Revocation> =
        stored.find(doc! {"at": {"$gte": since}, "expires_at": {"$gt": now}}).await?.try_collect().await?;
    list.learn(news);
    list.forget_expired();
    Ok(())
}

/// Looks for news for as long as the host lives.
async fn follow(stored: Collection<Revocation>, list: Arc<List>, mut since: DateTime) {
    let mut ticks = tokio::time::interval(limits::REVOCATION_DELAY / 2);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut lost = false;
    loop {
        ticks.tick().await;
        let begun = DateTime::now();
        let overlap = DateTime::from_millis(since.timestamp_millis() - 1000 * seconds(OVERLAP));
        match learn(&stored, &list, overlap).await {
            Ok(()) => (since, lost) = (begun, false),
            Err(error) if !lost => {
                tracing::warn!(%error, "cannot ask which access tokens were revoked; going on with what is known");
                lost = true;
            }
            Err(_) => {}
        }
    }
}
