//! Registrations, users, identities, sessions and tokens; the registration pipeline.
//!
//! [`Identity`] is one per host; its methods stand in the modules by what they are about: `credential` (registering,
//! and finding out whose a credential is), `login` (with `pipeline`, which creates the user at the first one),
//! `session`, `accounts`, `custom_data`, `users` (for operators). Beneath them are `store` (the documents in the system
//! database), `token` and `keys`, `password`, `limiter` and `flights`.

mod accounts;
mod api_keys;
mod credential;
mod custom_data;
mod domains;
mod error;
mod external;
mod flights;
mod identity;
mod keys;
mod limiter;
mod login;
mod password;
mod pipeline;
mod session;
mod store;
mod token;
mod types;
mod users;

pub use error::IdentityError;
pub use identity::{Identity, IdentityOptions};
pub use types::{AccessToken, Credential, Device, GoogleCredential, Login, Profile, ProfileIdentity, UserSummary};
