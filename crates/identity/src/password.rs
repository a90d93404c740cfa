//! Passwords: argon2id on a bounded number of threads.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use usher_contract::limits;

use crate::api::IdentityError;

/// Memory of one hash in KiB, and passes over it: the first choice of the OWASP password storage guide.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;

pub(crate) struct Passwords {
    /// As many as processors: more at once would only make each slower, and hold memory.
    threads: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// What an unknown e-mail address is compared with, so that it takes as long as a known one.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, IdentityError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            threads: Arc::new(Semaphore::new(threads)),
            queue: Arc::new(Semaphore::new(limits::PASSWORD_QUEUE)),
            nobody: hash("nobody's password")?,
        })
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, IdentityError> {
        self.work(move || hash(&password)).await?
    }

    /// Compares a password with a hash; without one it takes as long and fails.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, IdentityError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let matches = self
            .work(move || {
                let stored = PasswordHash::new(&stored).map_err(IdentityError::internal)?;
                Ok::<_, IdentityError>(Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
            })
            .await??;
        Ok(matches && known)
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, IdentityError> {
        let _place = self
            .queue
            .try_acquire()
            .map_err(|_| IdentityError::Overloaded("too many logins at once; try again".into()))?;
        let permit = self.threads.clone().acquire_owned().await.map_err(IdentityError::internal)?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(IdentityError::internal)
    }
}

fn hash(password: &str) -> Result<String, IdentityError> {
    let parameters = Params::new(MEMORY, PASSES, 1, None).map_err(IdentityError::internal)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(IdentityError::internal)
}
