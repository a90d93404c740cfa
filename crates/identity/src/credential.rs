//! Credentials: registering one, and finding out whose a presented one is (reference 3.3 and 3.4).

use std::net::IpAddr;
use std::ops::RangeInclusive;

use bson::oid::ObjectId;
use bson::{DateTime, doc};
use usher_app::{App, Confirmation};
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::store::{LOCAL_USERPASS, Registration, Status};

/// The lengths that a password may have, in characters (reference 3.4).
pub(crate) const PASSWORD_CHARS: RangeInclusive<usize> = 6..=128;

impl Identity {
    /// Records an e-mail/password registration (reference 3.4). The user is created at the first login. A name that
    /// is taken counts as a failed login from this address, so that nobody can try a list of names.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`], [`IdentityError::AccountNameInUse`], [`IdentityError::ProviderNotFound`],
    /// [`IdentityError::TooManyFailures`], [`IdentityError::Overloaded`].
    pub async fn register(&self, app: &App, email: &str, password: &str, peer: IpAddr) -> Result<(), IdentityError> {
        let provider = app.providers.local_userpass.as_ref().ok_or_else(unsupported)?;
        let attempt = self.limiter.attempt(&app.id, None, peer);
        attempt.check()?;
        let status = match provider.confirmation {
            Confirmation::Automatic => Status::Confirmed,
            Confirmation::Function(_) | Confirmation::Mail(_) => Status::Pending,
        };
        let registration = self.registration(app, email, password, status).await?;
        match self.store.registrations.insert_one(registration).await {
            Err(error) if is_duplicate_key(&error) => {
                attempt.failed();
                Err(IdentityError::AccountNameInUse)
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }

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
        let attempt = self.limiter.attempt(&app.id, email, peer);
        attempt.check()?;
        let registration = match email {
            Some(email) => self.store.registrations.find_one(doc! {"app": &app.id, "email": email}).await?,
            None => None,
        };
        let hash = registration.as_ref().map(|registration| registration.password.as_str());
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
            return Err(IdentityError::BadRequest("email invalid".to_owned()));
        }
        if !PASSWORD_CHARS.contains(&password.chars().count()) {
            return Err(IdentityError::BadRequest(format!(
                "password must be between {} and {} characters",
                PASSWORD_CHARS.start(),
                PASSWORD_CHARS.end()
            )));
        }
        Ok(Registration {
            id: ObjectId::new(),
            app: app.id.clone(),
            email: email.to_owned(),
            password: self.passwords.hash(password).await?,
            status,
            created_at: DateTime::now(),
            user_id: None,
        })
    }
}

/// Whether this can be the name of a registration. More is not asked of it: apps use names that are no e-mail
/// addresses, and App Services refuses only the empty one.
pub(crate) fn acceptable(email: &str) -> bool {
    !email.is_empty() && email.len() <= limits::EMAIL_BYTES && !email.chars().any(char::is_control)
}

pub(crate) fn unsupported() -> IdentityError {
    IdentityError::ProviderNotFound(LOCAL_USERPASS.to_owned())
}
