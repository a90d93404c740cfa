//! Settings of identity.

use std::time::Duration;

use usher_contract::limits;

/// Settings of identity.
#[derive(Debug, Clone)]
pub struct IdentityOptions {
    /// How long a refresh token lives.
    pub refresh_lifetime: Duration,
    /// Failed logins of one identity within [`limits::LOGIN_FAILURE_WINDOW`] before more are refused.
    pub failures_per_identity: u32,
    /// Failed logins from one address within [`limits::LOGIN_FAILURE_WINDOW`] before more are refused.
    pub failures_per_address: u32,
}

impl Default for IdentityOptions {
    fn default() -> Self {
        Self {
            refresh_lifetime: limits::REFRESH_TOKEN_LIFETIME,
            failures_per_identity: limits::LOGIN_FAILURES_PER_IDENTITY,
            failures_per_address: limits::LOGIN_FAILURES_PER_ADDRESS,
        }
    }
}
