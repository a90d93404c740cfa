//! What others see of a user: profile, user object, events; and the end of one.

use async_trait::async_trait;
use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use futures::TryStreamExt;
use usher_app::App;
use usher_contract::{ErrorCode, Failure};
use usher_dispatch::Accounts;

use crate::Identity;
use crate::api::{IdentityError, Profile, ProfileIdentity};
use crate::store::{IdentityRecord, User};

/// The user object of functions and events: `{id, type, data, identities}` (reference 5.4).
pub(crate) fn user_document(user: &User, identities: &[IdentityRecord]) -> Document {
    let identities: Vec<Bson> = identities
        .iter()
        .map(|identity| {
            Bson::Document(doc! {
                "id": identity.id.to_hex(),
                "provider_type": &identity.provider,
                "data": identity.data.clone(),
            })
        })
        .collect();
    doc! { "id": user.id.to_hex(), "type": &user.kind, "data": user.data.clone(), "identities": identities }
}

/// An entry of the event log (reference 2.2).
pub(crate) fn event<'a>(
    app: &str,
    kind: &str,
    user: Document,
    providers: impl IntoIterator<Item = &'a String>,
) -> Document {
    let providers: Vec<&String> = providers.into_iter().collect();
    doc! { "_id": ObjectId::new(), "app": app, "type": kind, "user": user, "providers": providers, "time": DateTime::now() }
}

impl Identity {
    /// A user with every identity, in the order in which they were linked.
    pub(crate) async fn user(&self, app: &str, user: &str) -> Result<(User, Vec<IdentityRecord>), IdentityError> {
        let id = ObjectId::parse_str(user).map_err(|_| IdentityError::UserNotFound)?;
        let found = self.store.users.find_one(doc! { "_id": id, "app": app });
        let identities = async {
            let cursor = self.store.identities.find(doc! { "user_id": id }).sort(doc! { "linked_at": 1 }).await?;
            cursor.try_collect().await
        };
        let (found, identities) = tokio::join!(found, identities);
        Ok((found?.ok_or(IdentityError::UserNotFound)?, identities?))
    }

    /// The caller's profile (reference 3.5).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`] where the user was deleted since the token was issued.
    pub async fn profile(&self, app: &App, user: &str) -> Result<Profile, IdentityError> {
        let (found, identities) = self.user(&app.id, user).await?;
        Ok(Profile {
            user_id: user.to_owned(),
            domain_id: self.domain(&app.id).await?,
            identities: identities
                .into_iter()
                .map(|identity| ProfileIdentity {
                    id: identity.id.to_hex(),
                    provider_type: identity.provider,
                    provider_id: identity.provider_id,
                })
                .collect(),
            data: found.data,
            kind: found.kind,
            custom_data: self.claim(app, user).await?,
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
        let (found, identities) = self.user(app, user).await?;
        let document = user_document(&found, &identities);
        let event = event(app, "DELETE", document, identities.iter().map(|identity| &identity.provider));
        let (id, store) = (found.id, &self.store);
        self.database
            .transaction(|transaction| {
                let event = event.clone();
                async move {
                    let mut session = transaction.session().await;
                    let deleted = store.users.delete_one(doc! { "_id": id }).session(&mut *session).await?;
                    if deleted.deleted_count == 0 {
                        return Err(IdentityError::UserNotFound);
                    }
                    store.identities.delete_many(doc! { "user_id": id }).session(&mut *session).await?;
                    store.registrations.delete_many(doc! { "user_id": id }).session(&mut *session).await?;
                    store.sessions.delete_many(doc! { "user_id": id }).session(&mut *session).await?;
                    store.events.insert_one(event).session(&mut *session).await?;
                    Ok(())
                }
            })
            .await
    }
}

#[async_trait]
impl Accounts for Identity {
    async fn describe(&self, app: &str, user: &str) -> Result<Document, Failure> {
        let (user, identities) = self.user(app, user).await.map_err(failure)?;
        Ok(user_document(&user, &identities))
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
