//! A login, from credential to tokens.

use std::net::IpAddr;
use std::sync::Arc;

use bson::{DateTime, doc};
use usher_dispatch::Deployment;

use crate::Identity;
use crate::accounts::{event, user_document};
use crate::api::{Credential, Device, IdentityError, Login};
use crate::credential::Proof;
use crate::store::{IdentityRecord, User};

impl Identity {
    /// Logs a user in; the first login of an identity creates the user (reference 2.1). `request` is the request id,
    /// which becomes the creation function's invocation id.
    ///
    /// The work goes on when the caller stops waiting: hanging up does not cancel half of it.
    ///
    /// # Errors
    /// See [`IdentityError`]; where the creation function fails, [`IdentityError::CreationFailed`] and nothing remains.
    pub async fn login(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        device: Device,
        peer: IpAddr,
        request: &str,
    ) -> Result<Login, IdentityError> {
        let (identity, deployment, request) = (self.clone(), deployment.clone(), request.to_owned());
        tokio::spawn(async move {
            let proof = identity.prove(deployment.app(), credential, peer).await?;
            let (user, record) = identity.user_of(&deployment, &proof, &request).await?;
            if user.disabled {
                return Err(IdentityError::UserDisabled);
            }
            identity.note_login(&user, &record).await?;
            identity.open_session(deployment.app(), &user, &record, device).await
        })
        .await
        .map_err(IdentityError::internal)?
    }

    /// The user that an identity belongs to, created now where this is the first login.
    pub(crate) async fn user_of(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        proof: &Proof,
        request: &str,
    ) -> Result<(User, IdentityRecord), IdentityError> {
        let app = &deployment.app().id;
        if proof.registration.is_some()
            && let Some(found) = self.find(app, proof).await?
        {
            return Ok(found);
        }
        self.create(deployment, proof, request).await
    }

    /// An identity's user, where it has one.
    pub(crate) async fn find(&self, app: &str, proof: &Proof) -> Result<Option<(User, IdentityRecord)>, IdentityError> {
        let filter = doc! { "app": app, "provider": proof.provider, "provider_id": &proof.provider_id };
        let Some(record) = self.store.identities.find_one(filter).await? else {
            return Ok(None);
        };
        let user = self.store.users.find_one(doc! { "_id": record.user_id }).await?;
        Ok(user.map(|user| (user, record)))
    }

    /// Appends the LOGIN event and keeps the time of the login.
    async fn note_login(&self, user: &User, record: &IdentityRecord) -> Result<(), IdentityError> {
        let login = event(&user.app, "LOGIN", user_document(user, std::slice::from_ref(record)), [&record.provider]);
        let seen = doc! { "$set": { "last_login_at": DateTime::now() } };
        let (appended, kept) = tokio::join!(
            self.store.events.insert_one(login),
            self.store.users.update_one(doc! { "_id": user.id }, seen),
        );
        appended?;
        kept?;
        Ok(())
    }
}
