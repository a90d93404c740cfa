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

    /// Renews what the authority says of a user: of the user's data, the part that came from it.
    async fn renew(&self, identity: &LinkedIdentity, data: &Document) -> Result<(), IdentityError> {
        let Some(user) = self.store.users.find_one(doc! {"_id": identity.user_id}).await? else {
            return Ok(());
        };
        let kept = user.data.into_iter().filter(|(name, value)| identity.data.get(name) != Some(value));
        let merged: Document = kept.chain(data.clone()).collect();
        self.store.users.update_one(doc! {"_id": user.id}, doc! {"$set": {"data": merged}}).await?;
        // Last: where this does not come to pass, the next login does both again.
        self.store.identities.update_one(doc! {"_id": identity.id}, doc! {"$set": {"data": data}}).await?;
        Ok(())
    }
}
