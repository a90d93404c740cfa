//! Credentials that another authority vouches for: custom tokens, custom functions, Google, Facebook, Apple (reference
//! 3.3, 7.7).

use std::net::IpAddr;
use std::sync::Arc;

use usher_dispatch::Deployment;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::pipeline::Newcomer;
use crate::store::{APPLE, CUSTOM_FUNCTION, CUSTOM_TOKEN, FACEBOOK, GOOGLE};
use crate::types::Credential;

impl Identity {
    /// Whose credential it is, once the authority behind it has said so.
    pub(crate) async fn by_external(
        self: &Arc<Self>,
        deployment: &Arc<Deployment>,
        credential: Credential,
        peer: IpAddr,
        request: &str,
    ) -> Result<Presented, IdentityError> {
        let _ = (deployment, peer, request, Newcomer::external, Newcomer::server);
        let provider = match credential {
            Credential::CustomToken(_) => CUSTOM_TOKEN,
            Credential::CustomFunction(_) => CUSTOM_FUNCTION,
            Credential::Google(_) => GOOGLE,
            Credential::Facebook(_) => FACEBOOK,
            _ => APPLE,
        };
        Err(IdentityError::ProviderNotFound(provider.to_owned()))
    }
}
