//! Users whose access tokens are good no more, although they have not expired: the disabled and the deleted.
//!
//! An access token is verified without asking the database, so every host keeps the list in memory. It is short: an entry
//! lasts no longer than the tokens that it is about. A host learns of what another one did within
//! [`limits::REVOCATION_DELAY`], as long as the database answers.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use mongodb::{ClientSession, Collection};
use serde::{Deserialize, Serialize};
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
    /// Tokens issued then or before are good no more; absent once the user was enabled again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issued_until: Option<DateTime>,
    /// When the last of those tokens has expired.
    expires_at: DateTime,
}

type List = HashMap<ObjectId, Revocation>;

pub(crate) struct Revocations {
    stored: Collection<Revocation>,
    list: Arc<RwLock<List>>,
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
        Self { user, at, issued_until: Some(at), expires_at: after(at, limits::ACCESS_TOKEN_LIFETIME) }
    }

    /// The end of one: the user may use what tokens there are.
    pub(crate) fn lifted(user: ObjectId) -> Self {
        Self { issued_until: None, ..Self::now(user) }
    }
}

impl Revocations {
    pub(crate) async fn open(database: &Database) -> Result<Self, IdentityError> {
        let system = database.system();
        database.ensure_collection(system.name(), "revocations").await?;
        let stored: Collection<Revocation> = system.collection("revocations");
        database.ensure_indexes(&stored, [index::expiring("expires_at"), index::plain(doc! {"at": 1})]).await?;
        let list = Arc::new(RwLock::new(List::new()));
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
        apply(&mut self.list.write().unwrap_or_else(PoisonError::into_inner), revocation);
    }

    /// The database has just said that the user is not disabled, perhaps before this host learned so. Where it is wrong by
    /// now, the next look puts that right.
    pub(crate) fn pardon(&self, user: &ObjectId) {
        let known = self.list.read().unwrap_or_else(PoisonError::into_inner).contains_key(user);
        if known {
            self.list.write().unwrap_or_else(PoisonError::into_inner).remove(user);
        }
    }

    /// Whether a token that was issued at that time, in seconds since the Unix epoch, is good no more.
    pub(crate) fn revoked(&self, user: &str, issued: i64) -> bool {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        if list.is_empty() {
            return false;
        }
        let revocation = ObjectId::parse_str(user).ok().and_then(|user| list.get(&user));
        let until = revocation.and_then(|revocation| revocation.issued_until);
        until.is_some_and(|until| issued <= until.timestamp_millis() / 1000)
    }
}

fn apply(list: &mut List, revocation: Revocation) {
    match list.get(&revocation.user) {
        Some(known) if known.at > revocation.at => {}
        _ => {
            list.insert(revocation.user, revocation);
        }
    }
}

fn after(time: DateTime, duration: Duration) -> DateTime {
    DateTime::from_millis(time.timestamp_millis() + 1000 * seconds(duration))
}

/// Adds what was written since a time, and forgets what has expired.
async fn learn(stored: &Collection<Revocation>, list: &RwLock<List>, since: DateTime) -> Result<(), IdentityError> {
    let now = DateTime::now();
    let news: Vec<Revocation> =
        stored.find(doc! {"at": {"$gte": since}, "expires_at": {"$gt": now}}).await?.try_collect().await?;
    let mut list = list.write().unwrap_or_else(PoisonError::into_inner);
    news.into_iter().for_each(|revocation| apply(&mut list, revocation));
    list.retain(|_, revocation| revocation.expires_at > now);
    Ok(())
}

/// Looks for news for as long as the host lives.
async fn follow(stored: Collection<Revocation>, list: Arc<RwLock<List>>, mut since: DateTime) {
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
