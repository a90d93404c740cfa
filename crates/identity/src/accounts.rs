//! What a user's own requests and functions see of the account, and its end.

use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Document, doc};
use usher_app::App;
use usher_contract::{ErrorCode, Failure};
use usher_database::Transaction;
use usher_dispatch::{Accounts, Caller};

use crate::custom_data::encode;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Member;
use crate::revocation::Revocation;
use crate::store::{API_KEY, Event, EventKind, LinkedIdentity, providers, user_object};
use crate::types::Profile;

impl Identity {
    /// The caller's profile, with the custom data of this moment (reference 3.5).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`] where the user was deleted since the token was issued.
    pub async fn profile(&self, app: &App, user: &str) -> Result<Profile, IdentityError> {
        let (member, domain, custom_data) =
            tokio::try_join!(self.member(&app.id, user), self.domains.of(&app.id), self.custom_data(app, user))?;
        Ok(Profile {
            user_id: user.to_owned(),
            domain_id: domain.to_string(),
            identities: member.identities.iter().map(LinkedIdentity::shown).collect(),
            data: member.user.data,
            kind: member.user.kind,
            custom_data: custom_data.map(encode),
        })
    }

    /// Deletes a user with their registration, API keys and every session, and appends DELETE. Access tokens are good no
    /// more, on other hosts after [`limits::REVOCATION_DELAY`]. The custom data stays, unless the app says otherwise
    /// (`delete_custom_data` in `usher.json`).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn delete_user(&self, app: &App, user: &str) -> Result<(), IdentityError> {
        let id = ObjectId::parse_str(user).map_err(|_| IdentityError::UserNotFound)?;
        self.delete_where(app, id, Document::new(), Some(Revocation::now(id))).await
    }

    /// Deletes a user of whom the condition is true; without a revocation where all their access tokens have expired.
    pub(crate) async fn delete_where(
        &self,
        app: &App,
        user: ObjectId,
        condition: Document,
        revocation: Option<Revocation>,
    ) -> Result<(), IdentityError> {
        let member = self.member(&app.id, &user.to_hex()).await?;
        let all = providers(&member.identities);
        let event = Event::new(EventKind::Delete, &member.user, &member.identities, all);
        let mut filter = doc! {"_id": user};
        filter.extend(condition);
        let erasure = Erasure { app, user, filter, keys: keys(&member.identities), event, revocation };
        self.database.transaction(|transaction| self.erase(&erasure, transaction)).await?;
        if let Some(revocation) = erasure.revocation {
            self.revocations.apply(revocation);
        }
        // Without their user they open nothing any more, so what is left of them does no harm until it expires.
        if let Err(error) = self.end_sessions(user).await {
            tracing::warn!(%user, %error, "sessions of a deleted user are left, and expire by themselves");
        }
        Ok(())
    }

    async fn erase(&self, erasure: &Erasure<'_>, transaction: Transaction) -> Result<(), IdentityError> {
        let (store, theirs) = (&self.store, doc! {"user_id": erasure.user});
        let mut session = transaction.session().await;
        let deleted = store.users.delete_one(erasure.filter.clone()).session(&mut *session).await?;
        if deleted.deleted_count == 0 {
            return Err(IdentityError::UserNotFound);
        }
        store.identities.delete_many(theirs.clone()).session(&mut *session).await?;
        store.registrations.delete_many(theirs.clone()).session(&mut *session).await?;
        let keys = doc! {"$or": [theirs, {"_id": {"$in": &erasure.keys}}], "app": &erasure.app.id};
        self.api_keys.delete_many(keys).session(&mut *session).await?;
        if let Some(revocation) = &erasure.revocation {
            self.revocations.record(revocation, &mut session).await?;
        }
        store.events.insert_one(&erasure.event).session(&mut *session).await?;
        if erasure.app.usher.users.delete_custom_data {
            self.delete_custom_data_within(erasure.app, &erasure.user.to_hex(), &mut session).await?;
        }
        Ok(())
    }

    pub(crate) async fn member(&self, app: &str, user: &str) -> Result<Member, IdentityError> {
        let id = ObjectId::parse_str(user).map_err(|_| IdentityError::UserNotFound)?;
        let user = async { Ok(self.store.users.find_one(doc! {"_id": id, "app": app}).await?) };
        let (user, identities) = tokio::try_join!(user, self.identities_of(id))?;
        Ok(Member { user: user.ok_or(IdentityError::UserNotFound)?, identities })
    }
}

#[async_trait]
impl Accounts for Identity {
    async fn describe(&self, app: &str, user: &str) -> Result<Document, Failure> {
        let member = self.member(app, user).await.map_err(failure)?;
        Ok(user_object(&member.user, &member.identities))
    }

    async fn caller(&self, app: &App, user: &str) -> Result<Caller, Failure> {
        Self::caller(self, app, user).await.map_err(failure)
    }

    async fn delete(&self, app: &str, user: &str) -> Result<(), Failure> {
        let deployment = self.dispatcher.deployment(app);
        let deployment = deployment.ok_or_else(|| failure(IdentityError::UserNotFound))?;
        self.delete_user(deployment.app(), user).await.map_err(failure)
    }
}

/// A deletion, as it is run in a transaction.
struct Erasure<'a> {
    app: &'a App,
    user: ObjectId,
    filter: Document,
    /// The app's API keys that the user stands for.
    keys: Vec<ObjectId>,
    event: Event,
    revocation: Option<Revocation>,
}

fn keys(identities: &[LinkedIdentity]) -> Vec<ObjectId> {
    let keys = identities.iter().filter(|identity| identity.provider == API_KEY);
    keys.filter_map(|identity| ObjectId::parse_str(&identity.provider_id).ok()).collect()
}

/// For a function: what it can act on, without the story that only the log should have.
fn failure(error: IdentityError) -> Failure {
    match error {
        IdentityError::UserNotFound => {
            Failure::new(ErrorCode::FunctionExecutionError, "the calling user no longer exists")
        }
        error => {
            tracing::error!(error = ?error, "an account could not be read or changed");
            Failure::new(ErrorCode::InternalServerError, "internal error")
        }
    }
}
