//! Registering with e-mail address and password, and confirming that (reference 3.4).

use std::net::IpAddr;
use std::sync::Arc;

use bson::doc;
use bson::oid::ObjectId;
use usher_app::{App, Confirmation, LocalUserpass, Mail};
use usher_database::is_duplicate_key;
use usher_dispatch::Deployment;

use crate::credential::{acceptable, email_invalid, key, unsupported};
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::mail::{Topic, is_address};
use crate::one_time::{OneTime, Purpose};
use crate::store::{Registration, Status};
use crate::verdict::Verdict;

impl Identity {
    /// Records an e-mail/password registration (reference 3.4) and has it confirmed as the app says: at once, by its
    /// function, or by a link in an e-mail. The user is created at the first login. A name that is taken counts as a
    /// failed login from this address, so that nobody can try a list of names.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`], also where the confirmation function refuses, after which the name is free again;
    /// [`IdentityError::AccountNameInUse`], [`IdentityError::MailNotSent`], [`IdentityError::ProviderNotFound`],
    /// [`IdentityError::TooManyFailures`], [`IdentityError::TooManyRequests`], [`IdentityError::Overloaded`].
    pub async fn register(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        email: &str,
        password: &str,
        peer: IpAddr,
        request: &str,
    ) -> Result<(), IdentityError> {
        let app = deployment.app();
        let provider = userpass(app)?;
        let attempt = self.limiter.attempt(&app.id, None, peer);
        attempt.check()?;
        self.limiter.newcomer(peer)?;
        let status = match &provider.confirmation {
            Confirmation::Automatic => Status::Confirmed,
            Confirmation::Mail(mail) if is_sent(mail) && !is_address(email) => return Err(email_invalid()),
            Confirmation::Function(_) | Confirmation::Mail(_) => Status::Pending,
        };
        let recorded = async {
            let registration = self.registration(app, email, password, status).await?;
            if !matches!(&provider.confirmation, Confirmation::Automatic) {
                self.limiter.message(&app.id, &registration.email, peer)?;
            }
            match self.store.registrations.insert_one(&registration).await {
                Err(error) if is_duplicate_key(&error) => Err(IdentityError::AccountNameInUse),
                outcome => Ok(outcome.map(|_| registration)?),
            }
        };
        let registration = recorded.await.inspect_err(|error| {
            if matches!(error, IdentityError::AccountNameInUse) {
                attempt.failed();
            }
        })?;
        match &provider.confirmation {
            Confirmation::Automatic => Ok(()),
            Confirmation::Mail(_) => self.mail_confirmation(app, &registration).await,
            Confirmation::Function(name) => {
                let outcome = self.run_confirmation(deployment, name, &registration, request).await;
                if outcome.is_err() {
                    // As if it had never been: whoever tries again registers again.
                    self.drop_registration(registration.id).await?;
                }
                outcome
            }
        }
    }

    /// Confirms a registration with the token of its e-mail or function. The token is used up.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] where it is malformed, [`IdentityError::TokenInvalid`] where it is not known.
    pub async fn confirm(&self, app: &App, token: &str, token_id: &str) -> Result<(), IdentityError> {
        userpass(app)?;
        let presented = OneTime::read(token, token_id)?;
        let registration = self.one_time.registration(&app.id, Purpose::Confirm, &presented).await?;
        self.database
            .transaction(|transaction| {
                let presented = &presented;
                async move {
                    let mut session = transaction.session().await;
                    self.one_time.take(presented, &mut session).await?;
                    self.one_time.forget(registration, Purpose::Confirm, &mut session).await?;
                    let confirmed = doc! {"$set": {"status": "confirmed"}};
                    let outcome = self
                        .store
                        .registrations
                        .update_one(doc! {"_id": registration}, confirmed)
                        .session(&mut *session)
                        .await?;
                    if outcome.matched_count == 0 { Err(IdentityError::TokenInvalid) } else { Ok(()) }
                }
            })
            .await
    }

    /// Sends the e-mail of a pending registration again.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`], [`IdentityError::AlreadyConfirmed`], [`IdentityError::MailNotSent`],
    /// [`IdentityError::TooManyRequests`]; [`IdentityError::BadRequest`] where the app confirms by a function.
    pub async fn send_confirmation(&self, app: &App, email: &str, peer: IpAddr) -> Result<(), IdentityError> {
        let provider = userpass(app)?;
        self.limiter.message(&app.id, &limited(app, email)?, peer)?;
        let registration = self.unconfirmed(app, provider, email).await?;
        let why = match &provider.confirmation {
            Confirmation::Mail(mail) if is_sent(mail) => return self.mail_confirmation(app, &registration).await,
            Confirmation::Mail(_) => "this app sends no e-mails: it has no emailConfirmationUrl",
            _ => "this app confirms registrations by a function: use confirm/call",
        };
        Err(IdentityError::BadRequest(why.to_owned()))
    }

    /// Runs the confirmation function for a pending registration again.
    ///
    /// # Errors
    /// As [`send_confirmation`](Self::send_confirmation); [`IdentityError::BadRequest`] also where the function refuses,
    /// after which the registration is gone.
    pub async fn call_confirmation(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        email: &str,
        peer: IpAddr,
        request: &str,
    ) -> Result<(), IdentityError> {
        let app = deployment.app();
        let provider = userpass(app)?;
        let refusal = |why: &str| IdentityError::BadRequest(format!("cannot run confirmation for {email}: {why}"));
        let function = match &provider.confirmation {
            Confirmation::Automatic => return Err(refusal("automatic confirmation is enabled")),
            Confirmation::Mail(_) => return Err(refusal("this app confirms by e-mail: use confirm/send")),
            Confirmation::Function(function) => function,
        };
        self.limiter.message(&app.id, &limited(app, email)?, peer)?;
        let registration = self.unconfirmed(app, provider, email).await?;
        self.run_confirmation(deployment, function, &registration, request).await
    }

    /// A token to confirm a pending registration with, for an operator who delivers it by another way (reference 7.3).
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`], [`IdentityError::AlreadyConfirmed`].
    pub async fn send_confirm(&self, app: &App, email: &str) -> Result<OneTime, IdentityError> {
        let registration = self.unconfirmed(app, userpass(app)?, email).await?;
        self.one_time.issue(&app.id, registration.id, Purpose::Confirm).await
    }

    /// Confirms a pending registration by hand.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`], [`IdentityError::AlreadyConfirmed`].
    pub async fn confirm_by_hand(&self, app: &App, email: &str) -> Result<(), IdentityError> {
        let registration = self.registration_of(app, email).await?.ok_or(IdentityError::UserNotFound)?;
        if registration.status == Status::Confirmed {
            return Err(IdentityError::AlreadyConfirmed);
        }
        self.set_confirmed(registration.id).await
    }

    async fn unconfirmed(
        &self,
        app: &App,
        provider: &LocalUserpass,
        email: &str,
    ) -> Result<Registration, IdentityError> {
        let registration = self.registration_of(app, email).await?.ok_or(IdentityError::UserNotFound)?;
        if provider.confirmation == Confirmation::Automatic || registration.status == Status::Confirmed {
            return Err(IdentityError::AlreadyConfirmed);
        }
        Ok(registration)
    }

    async fn mail_confirmation(&self, app: &App, registration: &Registration) -> Result<(), IdentityError> {
        let mail = match &userpass(app)?.confirmation {
            Confirmation::Mail(mail) if is_sent(mail) => mail,
            _ => return Ok(()),
        };
        let token = self.one_time.issue(&app.id, registration.id, Purpose::Confirm).await?;
        self.options.mailer.send(&app.id, &registration.email, Topic::Confirmation, mail, &token).await
    }

    async fn run_confirmation(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        function: &str,
        registration: &Registration,
        request: &str,
    ) -> Result<(), IdentityError> {
        let token = self.one_time.issue(&deployment.app().id, registration.id, Purpose::Confirm).await?;
        let about = doc! {"username": &registration.email, "token": token.token, "tokenId": token.token_id};
        match self.ask(deployment, function, about, Vec::new(), request).await? {
            Verdict::Success => self.set_confirmed(registration.id).await,
            Verdict::Pending => Ok(()),
            Verdict::Fail => {
                self.drop_registration(registration.id).await?;
                let message = format!("failed to confirm user \"{}\"", registration.email);
                Err(IdentityError::BadRequest(message))
            }
        }
    }

    async fn set_confirmed(&self, registration: ObjectId) -> Result<(), IdentityError> {
        let confirmed = doc! {"$set": {"status": "confirmed"}};
        let outcome = self.store.registrations.update_one(doc! {"_id": registration}, confirmed).await?;
        if outcome.matched_count == 0 { Err(IdentityError::UserNotFound) } else { Ok(()) }
    }

    /// Makes the name of a registration free again, unless it was confirmed meanwhile.
    async fn drop_registration(&self, registration: ObjectId) -> Result<(), IdentityError> {
        self.database
            .transaction(|transaction| async move {
                let mut session = transaction.session().await;
                let pending = doc! {"_id": registration, "status": "pending"};
                self.store.registrations.delete_one(pending).session(&mut *session).await?;
                self.one_time.forget(registration, Purpose::Confirm, &mut session).await
            })
            .await
    }
}

/// Without an address to lead to, no e-mail is sent: an operator confirms.
fn is_sent(mail: &Mail) -> bool {
    !mail.url.is_empty()
}

/// The provider's configuration.
pub(crate) fn userpass(app: &App) -> Result<&LocalUserpass, IdentityError> {
    app.providers.local_userpass.as_ref().ok_or_else(unsupported)
}

/// What the limiter counts an e-mail address under. One that cannot be registered is nobody's.
pub(crate) fn limited(app: &App, email: &str) -> Result<String, IdentityError> {
    if acceptable(email) { Ok(key(app, email).into_owned()) } else { Err(IdentityError::UserNotFound) }
}
