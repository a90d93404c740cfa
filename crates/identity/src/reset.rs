//! A new password for one that was forgotten (reference 3.4).
//!
//! Sessions that were open stay open: App Services does not say otherwise, and a forgotten password is no stolen one. An
//! operator ends them with `usher users revoke-sessions`. Failed logins of the identity are forgotten.

use std::net::IpAddr;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Bson, doc};
use usher_app::{App, Reset};
use usher_dispatch::Deployment;

use crate::confirmation::{limited, userpass};
use crate::credential::check_password;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::mail::Topic;
use crate::one_time::{OneTime, Purpose};
use crate::store::Registration;
use crate::verdict::Verdict;

impl Identity {
    /// Sends the e-mail with the link to choose a new password.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`], [`IdentityError::MailNotSent`], [`IdentityError::TooManyRequests`];
    /// [`IdentityError::BadRequest`] where the app resets passwords by a function, or not at all.
    pub async fn send_reset(&self, app: &App, email: &str, peer: IpAddr) -> Result<(), IdentityError> {
        let refusal = |why: &str| Err(IdentityError::BadRequest(why.to_owned()));
        let mail = match &userpass(app)?.reset {
            Reset::Mail(mail) => mail,
            Reset::Function(_) => return refusal("please use reset password via function"),
            Reset::None => return refusal("this app does not reset passwords by e-mail: it has no resetPasswordUrl"),
        };
        self.limiter.message(&app.id, &limited(app, email)?, peer)?;
        let registration = self.registered(app, email).await?;
        let token = self.one_time.issue(&app.id, registration.id, Purpose::Reset).await?;
        self.options.mailer.send(&app.id, &registration.email, Topic::Reset, mail, &token).await
    }

    /// Sets a new password with the token of an e-mail or of the reset function. The registration's tokens are used up.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where token or password are not acceptable, [`IdentityError::TokenInvalid`] where
    /// the token is not known, [`IdentityError::Overloaded`].
    pub async fn reset(&self, app: &App, token: &str, token_id: &str, password: &str) -> Result<(), IdentityError> {
        userpass(app)?;
        let presented = OneTime::read(token, token_id)?;
        check_password(password)?;
        // Looked up first: whoever has no token shall not make this host hash.
        let registration = self.one_time.registration(&app.id, Purpose::Reset, &presented).await?;
        let hash = self.passwords.hash(password).await?;
        self.set_password(app, registration, &hash, Some(&presented)).await
    }

    /// Has the reset function decide about a new password.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`], [`IdentityError::TooManyRequests`], [`IdentityError::Overloaded`];
    /// [`IdentityError::BadRequest`] where the password is not acceptable, the function refuses, or there is none.
    pub async fn call_reset(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        (email, password): (&str, &str),
        arguments: Vec<Bson>,
        peer: IpAddr,
        request: &str,
    ) -> Result<(), IdentityError> {
        let app = deployment.app();
        let Reset::Function(function) = &userpass(app)?.reset else {
            let message = format!("cannot reset the password of {email}: this app has no reset function");
            return Err(IdentityError::BadRequest(message));
        };
        check_password(password)?;
        self.limiter.message(&app.id, &limited(app, email)?, peer)?;
        let registration = self.registered(app, email).await?;
        let current = self.passwords.verify(password, registration.password.as_deref(), || Ok(())).await?;
        let token = self.one_time.issue(&app.id, registration.id, Purpose::Reset).await?;
        let about = doc! {
            "username": &registration.email, "password": password, "token": token.token, "tokenId": token.token_id,
            "currentPasswordValid": current,
        };
        match self.ask(deployment, function, about, arguments, request).await? {
            Verdict::Success => {
                let hash = self.passwords.hash(password).await?;
                self.set_password(app, registration.id, &hash, None).await
            }
            Verdict::Pending => Ok(()),
            Verdict::Fail => {
                let message = format!("failed to reset password for user \"{}\"", registration.email);
                Err(IdentityError::BadRequest(message))
            }
        }
    }

    /// Sets a password by hand.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`]; [`IdentityError::BadRequest`] where the password is not acceptable.
    pub async fn set_password_by_hand(&self, app: &App, email: &str, password: &str) -> Result<(), IdentityError> {
        check_password(password)?;
        let registration = self.registered(app, email).await?;
        let hash = self.passwords.hash(password).await?;
        self.set_password(app, registration.id, &hash, None).await
    }

    async fn registered(&self, app: &App, email: &str) -> Result<Registration, IdentityError> {
        self.registration_of(app, email).await?.ok_or(IdentityError::UserNotFound)
    }

    async fn set_password(
        &self,
        app: &App,
        registration: ObjectId,
        hash: &str,
        presented: Option<&OneTime>,
    ) -> Result<(), IdentityError> {
        let email = self
            .database
            .transaction(|transaction| async move {
                let mut session = transaction.session().await;
                if let Some(presented) = presented {
                    self.one_time.take(presented, &mut session).await?;
                }
                let set = doc! {"$set": {"password": hash}};
                let registrations = &self.store.registrations;
                let changed = registrations.find_one_and_update(doc! {"_id": registration}, set).session(&mut *session);
                let changed = changed.await?.ok_or(IdentityError::TokenInvalid)?;
                self.one_time.forget(registration, Purpose::Reset, &mut session).await?;
                Ok::<_, IdentityError>(changed.email)
            })
            .await?;
        self.limiter.forget(&app.id, &email);
        Ok(())
    }
}
