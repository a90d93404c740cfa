//! What an operator does with users.

use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Document, doc};
use futures::TryStreamExt;
use usher_app::App;
use usher_dispatch::{Caller, Deployment};

use crate::Identity;
use crate::api::{IdentityError, UserSummary};
use crate::credential::Proof;
use crate::store::User;

impl Identity {
    /// Creates a confirmed e-mail/password user at once, creation function included. Gives the user's id.
    ///
    /// # Errors
    /// As registering and logging in; where the creation function fails, no registration remains either.
    pub async fn create_user(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        email: &str,
        password: &str,
    ) -> Result<String, IdentityError> {
        let registration = self.record(deployment.app(), email, password, true).await?;
        let request = ObjectId::new().to_hex();
        match self.user_of(deployment, &Proof::of(&registration), &request).await {
            Ok((user, _)) => Ok(user.id.to_hex()),
            Err(error) => {
                self.store.registrations.delete_one(doc! { "_id": registration.id }).await?;
                Err(error)
            }
        }
    }

    /// The users of an app, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_users(&self, app: &App) -> Result<Vec<UserSummary>, IdentityError> {
        let mut users =
            self.store.users.find(doc! { "app": &app.id }).sort(doc! { "created_at": -1, "_id": -1 }).await?;
        let mut summaries = Vec::new();
        while let Some(user) = users.try_next().await? {
            let (_, identities) = self.user(&app.id, &user.id.to_hex()).await?;
            summaries.push(UserSummary {
                id: user.id.to_hex(),
                kind: user.kind,
                providers: identities.into_iter().map(|identity| identity.provider).collect(),
                email: user.data.get_str("email").ok().map(str::to_owned),
                disabled: user.disabled,
                created_at: user.created_at.timestamp_millis(),
                last_login_at: user.last_login_at.map(bson::DateTime::timestamp_millis),
            });
        }
        Ok(summaries)
    }

    /// Disables or enables a user; disabling ends every session.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn set_disabled(&self, app: &App, user: &str, disabled: bool) -> Result<(), IdentityError> {
        let filter = self.filter(app, user)?;
        let changed = self.store.users.update_one(filter, doc! { "$set": { "disabled": disabled } }).await?;
        if changed.matched_count == 0 {
            return Err(IdentityError::UserNotFound);
        }
        if disabled {
            self.revoke_sessions(app, user).await?;
        }
        Ok(())
    }

    /// Ends every session of a user; gives how many there were.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn revoke_sessions(&self, app: &App, user: &str) -> Result<u64, IdentityError> {
        let found = self.store.users.find_one(self.filter(app, user)?).await?;
        let User { id, .. } = found.ok_or(IdentityError::UserNotFound)?;
        Ok(self.store.sessions.delete_many(doc! { "user_id": id }).await?.deleted_count)
    }

    /// A user's id from an id or an e-mail address. An id is taken as it is: the custom data of a deleted user can
    /// still be looked up by it.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn resolve_user(&self, app: &App, user: &str) -> Result<String, IdentityError> {
        if ObjectId::parse_str(user).is_ok() {
            return Ok(user.to_owned());
        }
        let registration = self.store.registrations.find_one(doc! { "app": &app.id, "email": user }).await?;
        registration
            .and_then(|registration| registration.user_id)
            .map(|id| id.to_hex())
            .ok_or(IdentityError::UserNotFound)
    }

    /// A user as a caller, with custom data read now.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn caller(&self, app: &App, user: &str) -> Result<Caller, IdentityError> {
        let id = self.resolve_user(app, user).await?;
        self.user(&app.id, &id).await?;
        let custom_data = self.claim(app, &id).await?.map(|claim| claim.to_string().into());
        Ok(Caller::User { id, custom_data })
    }

    fn filter(&self, app: &App, user: &str) -> Result<Document, IdentityError> {
        let id = ObjectId::parse_str(user).map_err(|_| IdentityError::UserNotFound)?;
        Ok(doc! { "_id": id, "app": &app.id })
    }
}
