//! Password hashes: argon2id, on as many threads as there are processors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use usher_contract::limits;

use crate::error::IdentityError;

/// Memory of one hash in KiB, passes over it, and lanes: OWASP's recommendation for argon2id.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

pub(crate) struct Passwords {
    hasher: Argon2<'static>,
    /// The hash of a password that nobody has: to take as long for an unknown e-mail address as for a known one.
    nobody: Arc<str>,
    processors: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, IdentityError> {
        let params = Params::new(MEMORY, PASSES, LANES, None);
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(IdentityError::internal)?);
        let nobody = hash(&hasher, &hex::encode(rand::random::<[u8; 32]>()))?;
        Ok(Self {
            hasher,
            nobody: nobody.into(),
            processors: Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))),
            waiting: AtomicUsize::new(0),
        })
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, IdentityError> {
        let (hasher, password) = (self.hasher.clone(), password.to_owned());
        let permit = self.turn().await?;
        on_thread(permit, move || hash(&hasher, &password)).await?
    }

    /// Whether the password fits the hash; without one it takes as long and answers no. `gate` is asked when it is
    /// this one's turn, and may still refuse.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<&str>,
        gate: impl FnOnce() -> Result<(), IdentityError>,
    ) -> Result<bool, IdentityError> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        let (hasher, password) = (self.hasher.clone(), password.to_owned());
        let permit = self.turn().await?;
        gate()?;
        let fits = on_thread(permit, move || hasher.verify_password(password.as_bytes(), &*hash).is_ok()).await?;
        Ok(fits && known)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, IdentityError> {
        let processors = Arc::clone(&self.processors);
        if let Ok(permit) = Arc::clone(&processors).try_acquire_owned() {
            return Ok(permit);
        }
        let place = Place::take(&self.waiting).ok_or_else(overloaded)?;
        let permit = timeout(limits::QUEUE_DEADLINE, processors.acquire_owned()).await.map_err(|_| overloaded())?;
        drop(place);
        permit.map_err(IdentityError::internal)
    }
}

/// A place in the queue, given up on drop: the client may leave while it waits.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < limits::PASSWORD_QUEUE).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn on_thread<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, IdentityError> {
    tokio::task::spawn_blocking(move || {
        let outcome = work();
        drop(permit);
        outcome
    })
    .await
    .map_err(IdentityError::internal)
}

fn hash(hasher: &Argon2<'_>, password: &str) -> Result<String, IdentityError> {
    hasher
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| IdentityError::internal(error.to_string()))
}

fn overloaded() -> IdentityError {
    IdentityError::Overloaded("too many logins at once; try again shortly".to_owned())
}
