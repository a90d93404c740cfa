//! From what an authority vouches for to one of our users.

use bson::{Document, doc};
use usher_app::App;

use super::Vouched;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::pipeline::Newcomer;
use crate::store::LinkedIdentity;

impl Identity {
    pub(super) async fn apply(&self, app: &App, vouched: Vouched) -> Result<Presented, IdentityError> {
        let Vouched { provider, id, data } = vouched;
        let Some(mut identity) = self.identity(app, provider, &id).await? else {
            return Ok(Presented::New(Newcomer::external(provider, id, data)));
        };
        if identity.data != data {
            self.renew(&identity, &data).await?;
            identity.data = data;
        }
        Ok(Presented::Linked(identity))
    }

    /// Renews what the authority says of a user, and the part of the user's data that came from it.
    async fn renew(&self, identity: &LinkedIdentity, data: &Document) -> Result<(), IdentityError> {
        self.database
            .transaction(|transaction| async move {
                let store = &self.store;
                let mut session = transaction.session().await;
                let Some(user) = store.users.find_one(doc! {"_id": identity.user_id}).session(&mut *session).await?
                else {
                    return Ok(());
                };
                let mut identities = self.identities_within(identity.user_id, &mut session).await?;
                for own in identities.iter_mut().filter(|own| own.id == identity.id) {
                    own.data.clone_from(data);
                }
                let merged = merged(user.data, identity.data.keys().chain(data.keys()), &identities);
                let users = store.users.update_one(doc! {"_id": user.id}, doc! {"$set": {"data": merged}});
                users.session(&mut *session).await?;
                let identities = store.identities.update_one(doc! {"_id": identity.id}, doc! {"$set": {"data": data}});
                identities.session(&mut *session).await?;
                Ok::<_, IdentityError>(())
            })
            .await
    }
}

/// A user's data with these names brought up to date: of identities that differ, the one that was linked first is right.
fn merged<'a>(mut data: Document, names: impl Iterator<Item = &'a String>, identities: &[LinkedIdentity]) -> Document {
    for name in names {
        match identities.iter().find_map(|identity| identity.data.get(name)) {
            Some(value) => drop(data.insert(name, value.clone())),
            None => drop(data.remove(name)),
        }
    }
    data
}
