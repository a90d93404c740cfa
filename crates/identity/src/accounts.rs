//! What a user's own requests and functions see of the account, and its end.

use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Document, doc};
use usher_app::App;
use usher_contract::{ErrorCode, Failure};
use usher_database::Transaction;
use usher_dispatch::Accounts;

use crate::custom_data::encode;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Member;
use crate::store::{Event, EventKind, providers, user_object};
use crate::types::{Profile, ProfileIdentity};

impl Identity {
    /// The caller's profile, with the custom data of this moment (reference 3.5).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`] where the user was deleted since the token was issued.
    pub async fn profile(&self, app: &App, user: &str) -> Result<Profile, IdentityError> {
        let (member, domain, custom_data) =
            tokio::try_join!(self.member(&app.id, user), self.domains.of(&app.id), self.custom_data(app, user))?;
        let identities = member.identities.into_iter().map(|identity| ProfileIdentity {
            id: identity.id.to_hex(),
            provider_type: identity.provider,
            provider_id: identity.provider_id,
        });
        Ok(Profile {
            user_id: user.to_owned(),
            domain_id: domain.to_string(),
            identities: identities.collect(),
            data: member.user.data,
            kind: member.user.kind,
            custom_data: custom_data.map(encode),
        })
    }

    /// Deletes a user, every session of theirs and their registration; appends DELETE. The custom data stays.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn delete_user(&self, app: &App, user: &str) -> Result<(), IdentityError> {
        self.delete_from(&app.id, user).await
    }

    async fn delete_from(&self, app: &str, user: &str) -> Result<(), IdentityError> {
        let member = self.member(app, user).await?;
        let all = providers(&member.identities);
        let event = Event::new(EventKind::Delete, &member.user, &member.identities, all);
        self.database.transaction(|transaction| self.erase(member.user.id, &event, transaction)).await
    }

    async fn erase(&self, id: ObjectId, event: &Event, transaction: Transaction) -> Result<(), IdentityError> {
        let (store, theirs) = (&self.store, doc! {"user_id": id});
        let mut session = transaction.session().await;
        let deleted = store.users.delete_one(doc! {"_id": id}).session(&mut *session).await?;
        if deleted.deleted_count == 0 {
            return Err(IdentityError::UserNotFound);
        }
        store.identities.delete_many(theirs.clone()).session(&mut *session).await?;
        store.registrations.delete_many(theirs.clone()).session(&mut *session).await?;
        store.sessions.delete_many(theirs).session(&mut *session).await?;
        store.events.insert_one(event).session(&mut *session).await?;
        Ok(())
    }

    async fn member(&self, app: &str, user: &str) -> Result<Member, IdentityError> {
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

    async fn delete(&self, app: &str, user: &str) -> Result<(), Failure> {
        self.delete_from(app, user).await.map_err(failure)
    }
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
