//! A login, from credential to tokens (reference 3.3).

use std::net::IpAddr;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use mongodb::options::ReturnDocument;
use usher_app::App;
use usher_dispatch::Deployment;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::pipeline::{Creation, Newcomer};
use crate::store::{ANON_USER, API_KEY, LOCAL_USERPASS, LinkedIdentity, User};
use crate::types::{Credential, Device, Login};

/// A user about to get a session.
pub(crate) struct Member {
    pub(crate) user: User,
    /// In the order of linking.
    pub(crate) identities: Vec<LinkedIdentity>,
}

/// Which identity of a user a session is opened with.
#[derive(Clone, Copy)]
pub(crate) enum Via {
    /// This one.
    Identity(ObjectId),
    /// The first of this provider.
    Provider(&'static str),
    /// That of the user's API key with this id.
    Key(ObjectId),
}

impl Via {
    pub(crate) fn find(self, identities: &[LinkedIdentity]) -> Option<&LinkedIdentity> {
        identities.iter().find(|identity| match self {
            Self::Identity(id) => identity.id == id,
            Self::Provider(provider) => identity.provider == provider,
            Self::Key(key) => identity.provider == API_KEY && identity.provider_id == key.to_hex(),
        })
    }
}

/// Whose credential was presented.
pub(crate) enum Presented {
    /// A user's.
    Known { user: ObjectId, provider: &'static str },
    /// That of a user, who may have several identities of its provider.
    Linked(LinkedIdentity),
    /// An API key of a user, which becomes an identity of theirs with its first session.
    Key { user: ObjectId, key: ObjectId },
    /// Somebody's who is no user yet.
    New(Newcomer),
}

impl Identity {
    /// Logs a user in; the first login of an identity creates the user (reference 2.1). `request` is the request id,
    /// which becomes the creation function's invocation id. Creating the user goes on when the caller stops waiting.
    ///
    /// # Errors
    /// See [`IdentityError`]. After [`IdentityError::CreationFailed`] nothing of the user remains.
    pub async fn login(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        device: Device,
        peer: IpAddr,
        request: &str,
    ) -> Result<Login, IdentityError> {
        let app = deployment.app();
        let newcomer = match self.present(deployment, credential, peer, request).await? {
            Presented::Known { user, provider } => {
                return self.returning(app, user, Via::Provider(provider), device).await;
            }
            Presented::Linked(identity) => {
                return self.returning(app, identity.user_id, Via::Identity(identity.id), device).await;
            }
            Presented::Key { user, key } => return self.returning(app, user, Via::Key(key), device).await,
            Presented::New(newcomer) => newcomer,
        };
        let via = Via::Provider(newcomer.provider);
        match self.create(deployment, newcomer, request).await? {
            Creation::Created(member) => self.open_session(app, &member, via, device).await,
            Creation::Existed(user) => self.returning(app, user, via, device).await,
        }
    }

    /// The user of the newcomer's identity, where there is one: then nobody is new.
    pub(crate) async fn presented(&self, app: &App, newcomer: Newcomer) -> Result<Presented, IdentityError> {
        Ok(match self.identity(app, newcomer.provider, &newcomer.provider_id).await? {
            Some(identity) => Presented::Linked(identity),
            None => Presented::New(newcomer),
        })
    }

    /// The identity that a provider knows under this id.
    pub(crate) async fn identity(
        &self,
        app: &App,
        provider: &str,
        provider_id: &str,
    ) -> Result<Option<LinkedIdentity>, IdentityError> {
        let key = doc! {"app": &app.id, "provider": provider, "provider_id": provider_id};
        Ok(self.store.identities.find_one(key).await?)
    }

    /// Whose credential it is. Nothing is written, but what another authority says of its user now.
    pub(crate) async fn present(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        peer: IpAddr,
        request: &str,
    ) -> Result<Presented, IdentityError> {
        let app = deployment.app();
        match credential {
            Credential::Anonymous if app.providers.anon_user => {
                self.limiter.newcomer(peer)?;
                Ok(Presented::New(Newcomer::anonymous()))
            }
            Credential::Anonymous => Err(IdentityError::ProviderNotFound(ANON_USER.to_owned())),
            Credential::EmailPassword { email, password } => {
                let registration = self.authenticate(app, &email, &password, peer).await?;
                Ok(match registration.user_id {
                    Some(user) => Presented::Known { user, provider: LOCAL_USERPASS },
                    None => Presented::New(Newcomer::registered(registration)),
                })
            }
            Credential::ApiKey(key) => self.by_api_key(app, &key, peer).await,
            other => self.by_external(deployment, other, peer, request).await,
        }
    }

    /// The login of a user who exists.
    pub(crate) async fn returning(
        &self,
        app: &App,
        user: ObjectId,
        via: Via,
        device: Device,
    ) -> Result<Login, IdentityError> {
        let enabled = self
            .store
            .users
            .find_one_and_update(
                doc! {"_id": user, "app": &app.id, "disabled": false},
                doc! {"$set": {"last_login_at": DateTime::now()}},
            )
            .return_document(ReturnDocument::After);
        let (enabled, identities) = tokio::join!(enabled, self.identities_of(user));
        let mut member = match enabled? {
            Some(user) => Member { user, identities: identities? },
            None => {
                let exists = self.store.users.find_one(doc! {"_id": user, "app": &app.id}).await?.is_some();
                // Deleted since the password was checked: as if it had never been.
                return Err(if exists { IdentityError::UserDisabled } else { IdentityError::InvalidPassword });
            }
        };
        if let Via::Key(key) = via
            && via.find(&member.identities).is_none()
        {
            member.identities.push(self.key_identity(app, user, key).await?);
        }
        self.open_session(app, &member, via, device).await
    }

    /// The identities of a user in the order of linking.
    pub(crate) async fn identities_of(&self, user: ObjectId) -> Result<Vec<LinkedIdentity>, IdentityError> {
        let cursor = self.store.identities.find(doc! {"user_id": user}).sort(doc! {"linked_at": 1, "_id": 1}).await?;
        Ok(cursor.try_collect().await?)
    }
}
