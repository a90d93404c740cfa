//! Registrations, users, identities, sessions and tokens; the registration pipeline.
//!
//! [`Identity`] is one per host; its methods stand in the modules by what they are about: `confirmation` and `reset`
//! (registering, and a forgotten password), `login` (with `pipeline`, which creates the user at the first one), `link`,
//! `session`, `api_keys`, `accounts`, `custom_data`, and for operators `users`, `admin` and `import`. Whose a credential is,
//! `credential` says for e-mail and password and `external` for other authorities. Beneath them are `store` (the
//! documents in the system database), `token` and `keys`, `one_time`, `revocation`, `mail`, `password`, `limiter` and
//! `flights`.

mod accounts;
mod admin;
mod api_keys;
mod confirmation;
mod credential;
mod custom_data;
mod domains;
mod endpoint_caller;
mod error;
mod external;
mod flights;
mod identity;
mod import;
mod keys;
mod limiter;
mod link;
mod login;
mod mail;
mod one_time;
mod password;
mod pipeline;
mod reaper;
mod reset;
mod reset_email;
mod revocation;
mod secret;
mod session;
mod store;
mod token;
mod types;
mod users;
mod verdict;

pub use admin::{AdminIdentity, AdminUser, PendingRegistration, UserQuery, VerifiedToken};
pub use error::IdentityError;
pub use external::{Authorization, AuthorizationCode, AuthorizationRequest, Departure, OAuth2Provider};
pub use identity::{Identity, IdentityOptions};
pub use import::{ImportedIdentity, ImportedUser};
pub use mail::{Mailer, MailerError};
pub use one_time::OneTime;
pub use types::{
    AccessToken, ApiKey, Credential, Device, GoogleCredential, Login, NewApiKey, Profile, ProfileIdentity, UserSummary,
};
