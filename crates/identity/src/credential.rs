//! Credentials: registering one, and finding out whose a presented one is.

use std::net::IpAddr;

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use usher_app::App;
use usher_contract::limits;
use usher_database::is_duplicate_key;

use crate::Identity;
use crate::api::{Credential, IdentityError};
use crate::store::Registration;

/// The lengths that a password may have, in characters (reference 3.4).
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 6..=128;

/// Who a credential proves somebody to be, whether or not the user exists yet.
pub(crate) struct Proof {
    pub(crate) provider: &'static str,
    pub(crate) provider_id: String,
    /// The user's data, such as the e-mail address.
    pub(crate) data: Document,
    /// The registration that holds the credential.
    pub(crate) registration: Option<ObjectId>,
}

impl Identity {
    /// Records an e-mail/password registration (reference 3.4).
    ///
    /// # Errors
    /// [`IdentityError::AccountNameInUse`], [`IdentityError::BadRequest`] for an address or password that will not do,
    /// [`IdentityError::ProviderNotFound`].
    pub async fn register(&self, app: &App, email: &str, password: &str, _peer: IpAddr) -> Result<(), IdentityError> {
        let provider = app
            .providers
            .local_userpass
            .as_ref()
            .ok_or_else(|| IdentityError::ProviderNotFound("local-userpass".into()))?;
        self.record(app, email, password, provider.auto_confirm).await.map(drop)
    }

    /// Stores a registration; the unique index decides who has the address.
    pub(crate) async fn record(
        &self,
        app: &App,
        email: &str,
        password: &str,
        confirmed: bool,
    ) -> Result<Registration, IdentityError> {
        if email.is_empty() || email.len() > limits::EMAIL_BYTES || email.chars().any(char::is_control) {
            return Err(IdentityError::BadRequest("email invalid".into()));
        }
        if !PASSWORD_CHARS.contains(&password.chars().count()) {
            return Err(IdentityError::BadRequest("password must be between 6 and 128 characters".into()));
        }
        let filter = doc! { "app": &app.id, "email": email };
        // Asked first, since hashing the password of a name that is taken would be wasted.
        if self.store.registrations.find_one(filter).await?.is_some() {
            return Err(IdentityError::AccountNameInUse);
        }
        let registration = Registration {
            id: ObjectId::new(),
            app: app.id.clone(),
            email: email.to_owned(),
            password: self.passwords.hash(password.to_owned()).await?,
            confirmed,
            created_at: DateTime::now(),
            user_id: None,
        };
        match self.store.registrations.insert_one(&registration).await {
            Ok(_) => Ok(registration),
            Err(error) if is_duplicate_key(&error) => Err(IdentityError::AccountNameInUse),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks a credential. Failures count against the identity and the address, and take the same time whether or
    /// not the account exists.
    pub(crate) async fn prove(&self, app: &App, credential: Credential, peer: IpAddr) -> Result<Proof, IdentityError> {
        match credential {
            Credential::Anonymous if app.providers.anon_user => Ok(Proof {
                provider: "anon-user",
                provider_id: ObjectId::new().to_hex(),
                data: Document::new(),
                registration: None,
            }),
            Credential::Anonymous => Err(IdentityError::ProviderNotFound("anon-user".into())),
            Credential::EmailPassword { .. } if app.providers.local_userpass.is_none() => {
                Err(IdentityError::ProviderNotFound("local-userpass".into()))
            }
            Credential::EmailPassword { email, password } => {
                self.failures.check(&app.id, &email, peer)?;
                let filter = doc! { "app": &app.id, "email": &email };
                let registration = self.store.registrations.find_one(filter).await?;
                let stored = registration.as_ref().map(|registration| registration.password.clone());
                let matches = self.passwords.verify(password, stored).await?;
                let Some(registration) = registration.filter(|_| matches) else {
                    self.failures.failed(&app.id, &email, peer);
                    return Err(IdentityError::InvalidPassword);
                };
                self.failures.succeeded(&app.id, &email);
                if !registration.confirmed {
                    return Err(IdentityError::Pending);
                }
                Ok(Proof::of(&registration))
            }
        }
    }
}

impl Proof {
    pub(crate) fn of(registration: &Registration) -> Self {
        Self {
            provider: "local-userpass",
            provider_id: registration.id.to_hex(),
            data: doc! { "email": &registration.email },
            registration: Some(registration.id),
        }
    }
}
