//! Signing keys: HS256 secrets in the system database, shared by all hosts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, doc};
use futures::TryStreamExt;
use jsonwebtoken::{DecodingKey, EncodingKey};
use rand::Rng;
use usher_database::is_duplicate_key;

use crate::Identity;
use crate::api::IdentityError;
use crate::store::{SigningKey, Store};

/// As long as the digest: a longer HMAC secret adds nothing.
const SECRET_BYTES: usize = 32;
/// The id of the first key: every host that starts on an empty database tries to make the same one.
const FIRST: &str = "000000000000000000000001";
/// How often a host looks for keys that others made. A rotation reaches every host within this time.
const RELOAD_EVERY: Duration = Duration::from_secs(60);
/// The least time between two looks that unknown key ids cause, so that forged tokens cannot load the database.
const RELOAD_AT_LEAST: Duration = Duration::from_secs(1);

/// One key, ready to use.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: Arc<str>,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: Arc<DecodingKey>,
}

pub(crate) struct Keys {
    ring: RwLock<Ring>,
}

struct Ring {
    keys: HashMap<String, Key>,
    newest: Key,
    loaded: Instant,
}

impl Keys {
    pub(crate) async fn load(store: &Store) -> Result<Self, IdentityError> {
        Ok(Self { ring: RwLock::new(read(store).await?) })
    }

    fn get(&self, id: &str) -> Option<Key> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).keys.get(id).cloned()
    }

    fn newest(&self) -> (Key, Duration) {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        (ring.newest.clone(), ring.loaded.elapsed())
    }

    fn age(&self) -> Duration {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).loaded.elapsed()
    }

    async fn reload(&self, store: &Store) -> Result<(), IdentityError> {
        let ring = read(store).await?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }
}

impl Identity {
    /// The key that a token names; the database is asked for one not seen before.
    pub(crate) async fn verifying_key(&self, id: &str) -> Result<Option<Key>, IdentityError> {
        if let Some(key) = self.keys.get(id) {
            return Ok(Some(key));
        }
        let _one = self.reloading.lock().await;
        if self.keys.get(id).is_none() && self.keys.age() >= RELOAD_AT_LEAST {
            self.keys.reload(&self.store).await?;
        }
        Ok(self.keys.get(id))
    }

    /// The key that new tokens are signed with.
    pub(crate) async fn signing_key(&self) -> Result<Key, IdentityError> {
        let (key, age) = self.keys.newest();
        if age < RELOAD_EVERY {
            return Ok(key);
        }
        let _one = self.reloading.lock().await;
        if self.keys.age() >= RELOAD_EVERY {
            self.keys.reload(&self.store).await?;
        }
        Ok(self.keys.newest().0)
    }

    /// Makes a new signing key and gives its id. Tokens signed with older keys stay valid until they expire; other
    /// hosts sign with the new one within a minute, and accept it at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate_keys(&self) -> Result<String, IdentityError> {
        let id = ObjectId::new().to_hex();
        self.store.keys.insert_one(fresh(id.clone())).await?;
        self.keys.reload(&self.store).await?;
        Ok(id)
    }
}

async fn read(store: &Store) -> Result<Ring, IdentityError> {
    let mut found: Vec<SigningKey> = store.keys.find(doc! {}).await?.try_collect().await?;
    if found.is_empty() {
        match store.keys.insert_one(fresh(FIRST.to_owned())).await {
            // Another host was first: its key is the key.
            Err(error) if !is_duplicate_key(&error) => return Err(error.into()),
            _ => found = store.keys.find(doc! {}).await?.try_collect().await?,
        }
    }
    found.sort_by_key(|key| key.created_at);
    let keys: Vec<Key> = found
        .into_iter()
        .map(|key| Key {
            id: key.id.into(),
            encoding: EncodingKey::from_secret(&key.secret.bytes),
            decoding: Arc::new(DecodingKey::from_secret(&key.secret.bytes)),
        })
        .collect();
    let newest = keys
        .last()
        .cloned()
        .ok_or_else(|| IdentityError::internal(std::io::Error::other("the system database keeps no signing key")))?;
    Ok(Ring { keys: keys.into_iter().map(|key| (key.id.to_string(), key)).collect(), newest, loaded: Instant::now() })
}

fn fresh(id: String) -> SigningKey {
    let mut bytes = vec![0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    SigningKey { id, secret: Binary { subtype: BinarySubtype::Generic, bytes }, created_at: DateTime::now() }
}
