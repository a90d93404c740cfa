//! Another e-mail address for a user (reference 7.6).

use bson::doc;
use usher_app::App;
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::credential::{acceptable, email_invalid, key};
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::one_time::Purpose;
use crate::store::LOCAL_USERPASS;

impl Identity {
    /// Gives an e-mail/password user another address to log in with; password and sessions stay. Links that were sent to
    /// the old address are good no more.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`]; [`IdentityError::BadRequest`] where the address cannot be one or the user has no
    /// password; [`IdentityError::AccountNameInUse`] where somebody else has registered it.
    pub async fn reset_email(&self, app: &App, user: &str, email: &str) -> Result<(), IdentityError> {
        if !acceptable(email) || email.chars().count() > limits::RESET_EMAIL_CHARS {
            return Err(email_invalid());
        }
        let member = self.member(&app.id, user).await?;
        let own = member.identities.iter().find(|identity| identity.provider == LOCAL_USERPASS);
        let none = || IdentityError::BadRequest("the user has no e-mail/password identity".to_owned());
        let (own, id) = (own.ok_or_else(none)?, member.user.id);
        if self.registration_of(app, email).await?.is_some_and(|other| other.user_id != Some(id)) {
            return Err(IdentityError::AccountNameInUse);
        }
        let (store, name) = (&self.store, key(app, email));
        let name = &*name;
        self.database
            .transaction(|transaction| async move {
                let mut session = transaction.session().await;
                let registered = doc! {"user_id": id, "app": &app.id};
                let change = doc! {"$set": {"email": name}};
                let found = store.registrations.find_one_and_update(registered, change).session(&mut *session).await;
                let found = match found {
                    Err(error) if is_duplicate_key(&error) => return Err(IdentityError::AccountNameInUse),
                    found => found?.ok_or_else(none)?,
                };
                self.one_time.forget(found.id, Purpose::Reset, &mut session).await?;
                let change = doc! {"$set": {"data.email": email}};
                store.identities.update_one(doc! {"_id": own.id}, change.clone()).session(&mut *session).await?;
                // Another provider may have named another one first.
                let same = doc! {"_id": id, "data.email": own.data.get("email")};
                store.users.update_one(same, change).session(&mut *session).await?;
                Ok(())
            })
            .await
    }
}
