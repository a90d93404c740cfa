//! Whose credential a request to an HTTPS endpoint carries (real-apps 6).

use std::net::IpAddr;
use std::sync::Arc;

use bson::doc;
use usher_dispatch::Deployment;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::pipeline::Creation;
use crate::types::Credential;

impl Identity {
    /// The id of the user whose credential it is. No session begins, so there is no LOGIN event either. Where the
    /// credential is good and belongs to no user yet, `create` says whether it makes one, as a login would.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`] where a good credential belongs to no user and makes none; else as
    /// [`Identity::login`].
    pub async fn user_of_credential(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        create: bool,
        peer: IpAddr,
        request: &str,
    ) -> Result<String, IdentityError> {
        let user = match self.present(deployment, credential, peer, request).await? {
            Presented::Known { user, .. } | Presented::Key { user, .. } => user,
            Presented::Linked(identity) => identity.user_id,
            Presented::New(newcomer) if create => match self.create(deployment, newcomer, request).await? {
                Creation::Created(member) => member.user.id,
                Creation::Existed(user) => user,
            },
            Presented::New(_) => return Err(IdentityError::UserNotFound),
        };
        match self.store.users.find_one(doc! {"_id": user, "app": &deployment.app().id}).await? {
            Some(user) if user.disabled => Err(IdentityError::UserDisabled),
            Some(user) => Ok(user.id.to_hex()),
            // Deleted since the credential was checked: as if it had never been.
            None => Err(IdentityError::InvalidPassword),
        }
    }
}
