//! Keys that are published as JSON Web Key Sets (RFC 7517), kept and fetched again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex as Turn;
use usher_contract::limits;

use super::web::{Silence, Web};

/// The key sets that this host has asked for, by address. Addresses come from configuration.
pub(super) struct KeySets {
    web: Web,
    /// The least time between two fetches.
    pause: Duration,
    sets: Mutex<HashMap<String, Arc<Published>>>,
}

struct Published {
    url: String,
    state: RwLock<State>,
    /// Held while the keys are fetched, so that many who miss one fetch once.
    fetching: Turn<()>,
}

#[derive(Default)]
struct State {
    keys: Vec<Key>,
    /// When the keys were fetched.
    fetched: Option<Instant>,
    /// When that was tried last.
    tried: Option<Instant>,
}

/// A key for RS256.
#[derive(Clone)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// One JSON Web Key, as far as RS256 needs it.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    n: String,
    e: String,
}

impl KeySets {
    pub(super) fn new(web: Web, pause: Duration) -> Self {
        Self { web, pause, sets: Mutex::default() }
    }

    /// The key of this id among those published at an address; without an id the only one there. `None` where there
    /// is no such key.
    pub(super) async fn key(&self, url: &str, id: Option<&str>) -> Result<Option<DecodingKey>, Silence> {
        let published = self.published(url);
        if let Some(key) = published.find(id, limits::KEY_SET_AGE) {
            return Ok(Some(key));
        }
        if let Some(key) = published.find(id, limits::KEY_SET_GRACE) {
            // Nobody waits for the new ones, since the old ones will do.
            let (web, pause) = (self.web.clone(), self.pause);
            tokio::spawn(async move {
                if let Ok(_one) = published.fetching.try_lock() {
                    published.fetch(&web, pause).await.map_err(|silence| published.warn(&silence)).ok();
                }
            });
            return Ok(Some(key));
        }
        let asked = Instant::now();
        let _one = published.fetching.lock().await;
        // Somebody else may have fetched them meanwhile.
        if published.read(|state| state.fetched.is_none_or(|fetched| fetched < asked)) {
            published.fetch(&self.web, self.pause).await?;
        }
        Ok(published.find(id, limits::KEY_SET_GRACE))
    }

    fn published(&self, url: &str) -> Arc<Published> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let published = sets.entry(url.to_owned()).or_insert_with(|| {
            Arc::new(Published { url: url.to_owned(), state: RwLock::default(), fetching: Turn::default() })
        });
        Arc::clone(published)
    }
}

impl Published {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, id: Option<&str>, age: Duration) -> Option<DecodingKey> {
        self.read(|state| {
            state.fetched.filter(|fetched| fetched.elapsed() < age)?;
            let key = match (id, state.keys.as_slice()) {
                (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
                (None, [only]) => Some(only),
                (None, _) => None,
            };
            key.map(|key| key.key.clone())
        })
    }

    /// Fetches the keys, unless that was tried just now.
    async fn fetch(&self, web: &Web, pause: Duration) -> Result<(), Silence> {
        let (tried, fetched) = self.read(|state| (state.tried, state.fetched));
        if tried.is_some_and(|tried| tried.elapsed() < pause) {
            return match fetched {
                Some(_) => Ok(()),
                None => Err(Silence("it was asked just now, and gave no keys".to_owned())),
            };
        }
        let answer = web.get(&self.url, &[]).await;
        let keys = answer.and_then(|answer| match answer.body.get("keys") {
            Some(Value::Array(keys)) if answer.status.is_success() => Ok(keys.iter().filter_map(Key::read).collect()),
            _ => Err(Silence(format!("the answer, {}, is no JSON Web Key Set", answer.status))),
        });
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.tried = Some(Instant::now());
        match keys {
            Ok(keys) => {
                (state.keys, state.fetched) = (keys, state.tried);
                Ok(())
            }
            // Those at hand are as good as before.
            Err(silence) if state.fetched.is_some_and(|at| at.elapsed() < limits::KEY_SET_GRACE) => {
                drop(state);
                self.warn(&silence);
                Ok(())
            }
            Err(silence) => Err(silence),
        }
    }

    fn warn(&self, silence: &Silence) {
        tracing::warn!(address = self.url, reason = %silence, "published keys cannot be fetched again");
    }
}

impl Key {
    /// A published key that RS256 can be checked with; sets hold others, too.
    fn read(value: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(value).ok()?;
        let fits = jwk.kty == "RSA"
            && jwk.usage.is_none_or(|usage| usage == "sig")
            && jwk.alg.is_none_or(|algorithm| algorithm == "RS256");
        let key = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).ok().filter(|_| fits)?;
        Some(Self { id: jwk.kid, key })
    }
}
