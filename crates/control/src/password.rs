//! Passwords of administrators: argon2id, two at a time.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::ControlError;

/// Memory of one hash in KiB, passes over it, and lanes: OWASP's recommendation for argon2id, as for users.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at once: administrators are few, and their logins should not take the processors from users'.
const AT_ONCE: usize = 2;

pub(crate) struct Passwords {
    hasher: Argon2<'static>,
    /// The hash of a password that nobody has: an unknown name takes as long as a known one.
    nobody: String,
    turns: Semaphore,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, ControlError> {
        let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|error| internal(&error))?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&hasher, &hex::encode(rand::random::<[u8; 32]>()))?;
        Ok(Self { hasher, nobody, turns: Semaphore::new(AT_ONCE) })
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, ControlError> {
        let (hasher, password) = (self.hasher.clone(), password.to_owned());
        let _turn = self.turns.acquire().await.map_err(ControlError::internal)?;
        tokio::task::spawn_blocking(move || hash(&hasher, &password)).await.map_err(ControlError::internal)?
    }

    /// Whether the password fits the hash; without one it takes as long and answers no. `still` is asked when it is its
    /// turn.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<&str>,
        still: impl Fn() -> Result<(), ControlError>,
    ) -> Result<bool, ControlError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let (hasher, password) = (self.hasher.clone(), password.to_owned());
        let _turn = self.turns.acquire().await.map_err(ControlError::internal)?;
        still()?;
        let fits = move || hasher.verify_password(password.as_bytes(), hash.as_str()).is_ok();
        Ok(tokio::task::spawn_blocking(fits).await.map_err(ControlError::internal)? && known)
    }
}

fn hash(hasher: &Argon2<'_>, password: &str) -> Result<String, ControlError> {
    hasher.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| internal(&error))
}

fn internal(error: &dyn std::fmt::Display) -> ControlError {
    ControlError::internal(error.to_string())
}
