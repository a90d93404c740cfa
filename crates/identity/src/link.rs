//! Linking: one more identity for a user who exists (reference 3.3). The creation function does not run.

use std::net::IpAddr;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use futures::TryStreamExt as _;
use mongodb::ClientSession;
use usher_app::App;
use usher_database::{Transaction, is_duplicate_key};
use usher_dispatch::Deployment;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::pipeline::{Account, Newcomer};
use crate::store::{Event, EventKind, LOCAL_USERPASS, LinkedIdentity, NORMAL};
use crate::types::{Credential, Device, Login};

impl Identity {
    /// Joins a credential to a user who has shown an access token, and opens a session with it: same user, new tokens,
    /// custom data read afresh. Where the credential is the user's already, nothing else happens.
    ///
    /// What the new identity says of the user is added to the user's data; what is there stays. A CREATE event is
    /// appended with all identities, as App Services did (reference 2.2), but no LOGIN event.
    ///
    /// # Errors
    /// [`IdentityError::LinkInUse`] where it is another user's; [`IdentityError::LinkedAlready`] for a second e-mail
    /// address; [`IdentityError::BadRequest`] for a credential that cannot be linked, such as an anonymous one;
    /// [`IdentityError::InvalidSession`] where the user is gone; else as [`login`](Self::login).
    pub async fn link(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        user: &str,
        credential: Credential,
        device: Device,
        peer: IpAddr,
        request: &str,
    ) -> Result<Login, IdentityError> {
        let app = deployment.app();
        let id = ObjectId::parse_str(user).map_err(|_| IdentityError::no_session())?;
        if matches!(credential, Credential::Anonymous) {
            return Err(refusal("an anonymous identity cannot be linked: it is no credential"));
        }
        let via = match self.present(deployment, credential, peer, request).await? {
            Presented::Known { user, provider } => {
                let identities = self.identities_of(user).await?;
                identities.into_iter().find(|identity| identity.provider == provider).ok_or(IdentityError::LinkInUse)?
            }
            Presented::Linked(identity) => identity,
            Presented::Key { user, key } if user == id => self.key_identity(app, user, key).await?,
            Presented::Key { .. } => return Err(IdentityError::LinkInUse),
            Presented::New(newcomer) => self.join(app, id, newcomer).await?,
        };
        if via.user_id != id {
            return Err(IdentityError::LinkInUse);
        }
        let enabled = doc! {"_id": id, "app": &app.id, "disabled": false};
        if self.store.users.find_one(enabled).await?.is_none() {
            return Err(IdentityError::no_session());
        }
        self.issue(app, id, &via, device, None).await
    }

    async fn join(&self, app: &App, user: ObjectId, newcomer: Newcomer) -> Result<LinkedIdentity, IdentityError> {
        if newcomer.kind != NORMAL {
            return Err(refusal("an API key of the app cannot be linked: it stands for a user of its own"));
        }
        let link = Link {
            identity: LinkedIdentity {
                id: ObjectId::new(),
                app: app.id.clone(),
                user_id: user,
                provider: newcomer.provider.to_owned(),
                provider_id: newcomer.provider_id,
                data: newcomer.data,
                linked_at: DateTime::now(),
            },
            registration: match newcomer.account {
                Account::Registered(registration) => Some(registration),
                Account::None | Account::New(_) => None,
            },
        };
        self.database.transaction(|transaction| self.attempt(&link, transaction)).await?;
        Ok(link.identity)
    }

    async fn attempt(&self, link: &Link, transaction: Transaction) -> Result<(), IdentityError> {
        let (store, identity) = (&self.store, &link.identity);
        let mut session = transaction.session().await;
        let found = doc! {"_id": identity.user_id, "app": &identity.app, "disabled": false};
        let found = store.users.find_one(found).session(&mut *session).await?;
        let mut user = found.ok_or_else(IdentityError::no_session)?;
        let mut identities = self.identities_within(identity.user_id, &mut session).await?;
        let same = |other: &LinkedIdentity| other.provider == LOCAL_USERPASS;
        if same(identity) && identities.iter().any(same) {
            return Err(IdentityError::LinkedAlready);
        }
        match store.identities.insert_one(identity).session(&mut *session).await {
            Err(error) if is_duplicate_key(&error) => return Err(IdentityError::LinkInUse),
            outcome => outcome.map(drop)?,
        }
        if let Some(registration) = link.registration {
            let free = doc! {"_id": registration, "user_id": {"$exists": false}};
            let joined = doc! {"$set": {"user_id": identity.user_id}};
            let outcome = store.registrations.update_one(free, joined).session(&mut *session).await?;
            if outcome.matched_count == 0 {
                return Err(IdentityError::LinkInUse);
            }
        }
        for (name, value) in &identity.data {
            user.data.entry(name.clone()).or_insert_with(|| value.clone());
        }
        // Written even where nothing is new: two links at once have to meet in this document.
        let now = doc! {"$set": {"data": &user.data}, "$unset": {"seen_at": ""}, "$inc": {"links": 1}};
        store.users.update_one(doc! {"_id": user.id}, now).session(&mut *session).await?;
        identities.push(identity.clone());
        let event = Event::new(EventKind::Create, &user, &identities, vec![identity.provider.clone()]);
        store.events.insert_one(event).session(&mut *session).await?;
        Ok(())
    }

    pub(crate) async fn identities_within(
        &self,
        user: ObjectId,
        session: &mut ClientSession,
    ) -> Result<Vec<LinkedIdentity>, IdentityError> {
        let found = self.store.identities.find(doc! {"user_id": user}).sort(doc! {"linked_at": 1, "_id": 1});
        let mut cursor = found.session(&mut *session).await?;
        Ok(cursor.stream(session).try_collect().await?)
    }
}

struct Link {
    identity: LinkedIdentity,
    /// The registration that is joined to the user, where the identity is one of e-mail and password.
    registration: Option<ObjectId>,
}

fn refusal(why: &str) -> IdentityError {
    IdentityError::BadRequest(why.to_owned())
}
