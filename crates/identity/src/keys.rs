//! The signing keys: HS256, kept in the system database, shared by all hosts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, doc};
use futures::TryStreamExt as _;
use jsonwebtoken::{DecodingKey, EncodingKey};
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use usher_database::{Database, index, is_duplicate_key};

use crate::error::IdentityError;

/// Bytes of a secret: as many as the hash gives, the most that HS256 makes use of.
const SECRET_BYTES: usize = 32;
/// How often tokens with unknown keys may make a host read the keys again: such tokens cost nothing to make.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
struct KeyDocument {
    #[serde(rename = "_id")]
    id: String,
    /// Counts the keys. Unique, so that hosts which start or rotate at the same time make one key; the highest is the
    /// active one.
    generation: i64,
    secret: Binary,
    created_at: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired_at: Option<DateTime>,
}

/// A key, ready for use.
pub(crate) struct Key {
    pub(crate) id: String,
    /// The header of every token signed with this key, encoded.
    pub(crate) header: String,
    pub(crate) signing: EncodingKey,
    pub(crate) verifying: DecodingKey,
}

struct Ring {
    /// By their tokens' header. A header that differs in a byte is not one of ours, whatever algorithm it names.
    keys: HashMap<String, Arc<Key>>,
    active: Arc<Key>,
    generation: i64,
    loaded: Instant,
}

pub(crate) struct Keys {
    documents: Collection<KeyDocument>,
    age: Duration,
    ring: RwLock<Ring>,
    /// Held while the keys are read again, so that many who miss one read once.
    reloading: Mutex<()>,
}

impl Keys {
    pub(crate) async fn open(database: &Database, age: Duration) -> Result<Self, IdentityError> {
        let documents: Collection<KeyDocument> = database.system().collection("signing_keys");
        database.ensure_indexes(&documents, [index::unique(doc! {"generation": 1})]).await?;
        let ring = match load(&documents).await? {
            Some(ring) => ring,
            None => {
                make(&documents, 1).await?;
                load(&documents).await?.ok_or_else(|| IdentityError::internal("the first signing key has vanished"))?
            }
        };
        Ok(Self { documents, age, ring: RwLock::new(ring), reloading: Mutex::new(()) })
    }

    /// The key to sign with.
    pub(crate) async fn active(&self) -> Arc<Key> {
        self.freshen().await;
        self.read(|ring| Arc::clone(&ring.active))
    }

    /// Reads the keys again where what is known of them is old.
    pub(crate) async fn freshen(&self) {
        let loaded = self.read(|ring| ring.loaded);
        if loaded.elapsed() < self.age {
            return;
        }
        let _one = self.reloading.lock().await;
        if self.read(|ring| ring.loaded) == loaded
            && let Err(error) = self.reload().await
        {
            tracing::warn!(%error, "cannot read the signing keys again; going on with those at hand");
        }
    }

    /// The key whose tokens have this header; reads the keys again where it looks like that of a key made since.
    pub(crate) async fn of_header(&self, header: &str) -> Result<Option<Arc<Key>>, IdentityError> {
        let known = || self.read(|ring| ring.keys.get(header).cloned());
        if let Some(key) = known() {
            return Ok(Some(key));
        }
        if !looks_like_ours(header) {
            return Ok(None);
        }
        let asked = Instant::now();
        let _one = self.reloading.lock().await;
        let loaded = self.read(|ring| ring.loaded);
        if loaded < asked {
            // Rather wait than refuse: a refusal would log out somebody whose token is good.
            tokio::time::sleep(RELOAD_PAUSE.saturating_sub(loaded.elapsed())).await;
            self.reload().await?;
        }
        Ok(known())
    }

    /// Makes a new key; the older ones are kept to check tokens with, or forgotten.
    pub(crate) async fn rotate(&self, forget: bool) -> Result<String, IdentityError> {
        let _one = self.reloading.lock().await;
        self.reload().await?;
        let generation = self.read(|ring| ring.generation);
        make(&self.documents, generation + 1).await?;
        let mut older = doc! {"generation": {"$lte": generation}};
        if forget {
            self.documents.delete_many(older).await?;
        } else {
            older.insert("retired_at", doc! {"$exists": false});
            self.documents.update_many(older, doc! {"$set": {"retired_at": DateTime::now()}}).await?;
        }
        self.reload().await?;
        Ok(self.read(|ring| ring.active.id.clone()))
    }

    async fn reload(&self) -> Result<(), IdentityError> {
        let ring = load(&self.documents)
            .await?
            .ok_or_else(|| IdentityError::internal("there are no signing keys in the system database any more"))?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn read<T>(&self, look: impl FnOnce(&Ring) -> T) -> T {
        look(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes the key of a generation, unless another host has just done so.
async fn make(documents: &Collection<KeyDocument>, generation: i64) -> Result<(), IdentityError> {
    let document = KeyDocument {
        id: ObjectId::new().to_hex(),
        generation,
        secret: Binary { subtype: BinarySubtype::Generic, bytes: rand::random::<[u8; SECRET_BYTES]>().to_vec() },
        created_at: DateTime::now(),
        retired_at: None,
    };
    match documents.insert_one(document).await {
        Err(error) if is_duplicate_key(&error) => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

async fn load(documents: &Collection<KeyDocument>) -> Result<Option<Ring>, IdentityError> {
    let loaded = Instant::now();
    let found: Vec<KeyDocument> = documents.find(doc! {}).await?.try_collect().await?;
    let newest = found.iter().max_by_key(|document| document.generation).map(|document| document.id.clone());
    let generation = found.iter().map(|document| document.generation).max().unwrap_or(0);
    let keys: Vec<Arc<Key>> = found.into_iter().map(|document| Arc::new(Key::from(document))).collect();
    let active = keys.iter().find(|key| Some(&key.id) == newest.as_ref()).cloned();
    Ok(active.map(|active| Ring {
        keys: keys.into_iter().map(|key| (key.header.clone(), key)).collect(),
        active,
        generation,
        loaded,
    }))
}

impl From<KeyDocument> for Key {
    fn from(document: KeyDocument) -> Self {
        Self {
            header: header(&document.id),
            id: document.id,
            signing: EncodingKey::from_secret(&document.secret.bytes),
            verifying: DecodingKey::from_secret(&document.secret.bytes),
        }
    }
}

fn header(key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","kid":"{key}","typ":"JWT"}}"#))
}

/// Whether a header has the form that some key of ours would write.
fn looks_like_ours(encoded: &str) -> bool {
    #[derive(Deserialize)]
    struct Header {
        kid: String,
    }
    BASE64_URL_SAFE_NO_PAD
        .decode(encoded)
        .ok()
        .and_then(|json| serde_json::from_slice::<Header>(&json).ok())
        .is_some_and(|parsed| ObjectId::parse_str(&parsed.kid).is_ok() && header(&parsed.kid) == encoded)
}
