//! API keys: of users, and of an app itself (reference 3.6).

use std::net::IpAddr;

use usher_app::App;

use crate::error::IdentityError;
use crate::identity::Identity;
use crate::login::Presented;
use crate::store::API_KEY;

impl Identity {
    /// Whose API key it is.
    pub(crate) async fn by_api_key(&self, app: &App, key: &str, peer: IpAddr) -> Result<Presented, IdentityError> {
        let _ = (app, key, peer);
        Err(IdentityError::ProviderNotFound(API_KEY.to_owned()))
    }
}
