//! Registrations, users, identities, sessions and tokens; the registration pipeline.

mod api;

pub use api::{
    AccessToken, Credential, Device, Identity, IdentityError, Login, Profile, ProfileIdentity, UserSummary,
};
