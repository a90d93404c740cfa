//! E-mail address and password: whose they are, and what they may be (reference 3.3 and 3.4).

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use usher_app::App;
use usher_contract::limits;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::store::{LOCAL_USERPASS, Registration, Status};

/// The lengths that a password may have, in characters (reference 3.4).
pub(crate) const PASSWORD_CHARS: RangeInclusive<usize> = 6..=128;

impl Identity {
    /// The registration that the password fits. Unknown names take as long as wrong passwords, and count as well.
    pub(crate) async fn authenticate(
        &self,
        app: &App,
        email: &str,
        password: &str,
        peer: IpAddr,
    ) -> Result<Registration, IdentityError> {
        if app.providers.local_userpass.is_none() {
            return Err(unsupported());
        }
        // What no registration can hold is not worth remembering, nor is it worth hashing.
        let email = Some(email).filter(|email| acceptable(email));
        let password = if password.chars().count() <= *PASSWORD_CHARS.end() { password } else { "" };
        let key = email.map(|email| key(app, email));
        let attempt = self.limiter.attempt(&app.id, key.as_deref(), peer);
        attempt.check()?;
        let registration = match email {
            Some(email) => self.registration_of(app, email).await?,
            None => None,
        };
        let hash = registration.as_ref().and_then(|registration| registration.password.as_deref());
        // Checked once more when it is its turn, since others may have failed while this one waited.
        let fits = self.passwords.verify(password, hash, || attempt.check()).await?;
        match registration.filter(|_| fits) {
            Some(registration) => {
                attempt.succeeded();
                match registration.status {
                    Status::Confirmed => Ok(registration),
                    Status::Pending => Err(IdentityError::Pending),
                }
            }
            None => {
                attempt.failed();
                Err(IdentityError::InvalidPassword)
            }
        }
    }

    /// A registration with its password hashed, not yet stored.
    pub(crate) async fn registration(
        &self,
        app: &App,
        email: &str,
        password: &str,
        status: Status,
    ) -> Result<Registration, IdentityError> {
        if !acceptable(email) {
            return Err(email_invalid());
        }
        check_password(password)?;
        if self.registration_of(app, email).await?.is_some() {
            return Err(IdentityError::AccountNameInUse);
        }
        Ok(Registration {
            id: ObjectId::new(),
            app: app.id.clone(),
            email: key(app, email).into_owned(),
            password: Some(self.passwords.hash(password).await?),
            status,
            created_at: DateTime::now(),
            user_id: None,
        })
    }
}

impl Identity {
    /// The registration of an e-mail address.
    pub(crate) async fn registration_of(&self, app: &App, email: &str) -> Result<Option<Registration>, IdentityError> {
        let (registrations, key) = (&self.store.registrations, key(app, email));
        let found = registrations.find_one(doc! {"app": &app.id, "email": &*key}).await?;
        if found.is_some() || *key == *email {
            return Ok(found);
        }
        // Registered in this form before case stopped to matter.
        Ok(registrations.find_one(doc! {"app": &app.id, "email": email}).await?)
    }
}

/// What an e-mail address is registered under: itself, as in App Services (reference 3.4), or where the app says that
/// case does not matter, itself in lower case.
pub(crate) fn key<'a>(app: &App, email: &'a str) -> Cow<'a, str> {
    if app.usher.users.case_insensitive_email { email.to_lowercase().into() } else { email.into() }
}

pub(crate) fn check_password(password: &str) -> Result<(), IdentityError> {
    if PASSWORD_CHARS.contains(&password.chars().count()) {
        return Ok(());
    }
    let (least, most) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
    Err(IdentityError::BadRequest(format!("password must be between {least} and {most} characters")))
}

pub(crate) fn email_invalid() -> IdentityError {
    IdentityError::BadRequest("email invalid".to_owned())
}

/// Whether this can be the name of a registration. More is not asked of it: apps use names that are no e-mail
/// addresses, and App Services refuses only the empty one.
pub(crate) fn acceptable(email: &str) -> bool {
    !email.is_empty() && email.len() <= limits::EMAIL_BYTES && !email.chars().any(char::is_control)
}

pub(crate) fn unsupported() -> IdentityError {
    IdentityError::ProviderNotFound(LOCAL_USERPASS.to_owned())
}
