//! What an operator does with users.

use std::collections::HashMap;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Document, doc};
use futures::TryStreamExt as _;
use usher_app::App;
use usher_dispatch::{Caller, Deployment};

use crate::credential::unsupported;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::pipeline::{Creation, Newcomer};
use crate::revocation::Revocation;
use crate::store::{LinkedIdentity, Status, User, providers};
use crate::types::UserSummary;

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
        let app = deployment.app();
        if app.providers.local_userpass.is_none() {
            return Err(unsupported());
        }
        let registration = self.registration(app, email, password, Status::Confirmed).await?;
        let request = ObjectId::new().to_hex();
        match self.create(deployment, Newcomer::made(registration), &request).await? {
            Creation::Created(member) => Ok(member.user.id.to_hex()),
            Creation::Existed(user) => Ok(user.to_hex()),
        }
    }

    /// The users of an app, newest first.
    ///
    /// # Errors
    /// [`IdentityError::Internal`] where the database fails.
    pub async fn list_users(&self, app: &App) -> Result<Vec<UserSummary>, IdentityError> {
        let of_app = doc! {"app": &app.id};
        let users = async {
            let cursor = self.store.users.find(of_app.clone()).sort(doc! {"_id": -1}).await?;
            cursor.try_collect::<Vec<User>>().await
        };
        let identities = async {
            let cursor = self.store.identities.find(of_app.clone()).sort(doc! {"linked_at": 1, "_id": 1}).await?;
            cursor.try_collect::<Vec<LinkedIdentity>>().await
        };
        let (users, identities) = tokio::try_join!(users, identities)?;
        let mut linked: HashMap<ObjectId, Vec<LinkedIdentity>> = HashMap::new();
        for identity in identities {
            linked.entry(identity.user_id).or_default().push(identity);
        }
        let summary = |user: User| UserSummary {
            id: user.id.to_hex(),
            providers: providers(&linked.remove(&user.id).unwrap_or_default()),
            email: user.data.get_str("email").ok().map(str::to_owned),
            kind: user.kind,
            disabled: user.disabled,
            created_at: user.created_at.timestamp_millis(),
            last_login_at: user.last_login_at.map(bson::DateTime::timestamp_millis),
        };
        Ok(users.into_iter().map(summary).collect())
    }

    /// Disables or enables a user. Disabling ends every session; access tokens are good no more, on other hosts after
    /// [`REVOCATION_DELAY`](usher_contract::limits::REVOCATION_DELAY).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn set_disabled(&self, app: &App, user: &str, disabled: bool) -> Result<(), IdentityError> {
        let (filter, store) = (this_user(app, user)?, &self.store);
        let found = store.users.find_one(filter).await?.ok_or(IdentityError::UserNotFound)?;
        if found.disabled {
            // Those that were left, or begun at the very moment of disabling; they must not come to life again.
            self.end_sessions(found.id).await?;
        }
        if found.disabled == disabled {
            return Ok(());
        }
        let revocation = if disabled { Revocation::now(found.id) } else { Revocation::lifted(found.id) };
        self.database
            .transaction(|transaction| {
                let revocation = &revocation;
                async move {
                    let mut session = transaction.session().await;
                    let switch = doc! {"$set": {"disabled": disabled}};
                    let changed = store.users.update_one(doc! {"_id": found.id}, switch).session(&mut *session).await?;
                    if changed.matched_count == 0 {
                        return Err(IdentityError::UserNotFound);
                    }
                    self.revocations.record(revocation, &mut session).await
                }
            })
            .await?;
        self.revocations.apply(revocation);
        if disabled {
            self.end_sessions(found.id).await?;
        }
        Ok(())
    }

    /// Ends every session of a user; gives how many there were. Not in a transaction: a program that logs in for each of
    /// its requests has had more sessions than one can hold.
    pub(crate) async fn end_sessions(&self, user: ObjectId) -> Result<u64, IdentityError> {
        Ok(self.store.sessions.delete_many(doc! {"user_id": user}).await?.deleted_count)
    }

    /// Ends every session of a user; gives how many there were. Access tokens already issued stay valid until they
    /// expire (reference 3.5).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn revoke_sessions(&self, app: &App, user: &str) -> Result<u64, IdentityError> {
        let found = self.store.users.find_one(this_user(app, user)?).await?.ok_or(IdentityError::UserNotFound)?;
        self.end_sessions(found.id).await
    }

    /// A user's id from an id or an e-mail address. An id is taken as it is: the custom data of a deleted user can
    /// still be looked up by it.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`] where no user has the e-mail address; one who registered and never logged in
    /// is no user yet.
    pub async fn resolve_user(&self, app: &App, user: &str) -> Result<String, IdentityError> {
        if ObjectId::parse_str(user).is_ok() {
            return Ok(user.to_owned());
        }
        self.registration_of(app, user)
            .await?
            .and_then(|registration| registration.user_id)
            .map(|id| id.to_hex())
            .ok_or(IdentityError::UserNotFound)
    }

    /// A user, by id or e-mail address, as a caller of functions, with the custom data of this moment.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`].
    pub async fn caller(&self, app: &App, user: &str) -> Result<Caller, IdentityError> {
        let id = self.resolve_user(app, user).await?;
        self.store.users.find_one(this_user(app, &id)?).await?.ok_or(IdentityError::UserNotFound)?;
        let custom_data = self.claim(app, &id).await?.map(|claim| Arc::from(claim.get()));
        Ok(Caller::User { id, custom_data })
    }
}

fn this_user(app: &App, user: &str) -> Result<Document, IdentityError> {
    let id = ObjectId::parse_str(user).map_err(|_| IdentityError::UserNotFound)?;
    Ok(doc! {"_id": id, "app": &app.id})
}
