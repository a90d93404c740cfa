//! Failed logins, counted for each identity and each address within a window. Per host: a guesser who spreads over
//! hosts gets their sum.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use usher_contract::limits;

use crate::api::IdentityError;
use crate::options::IdentityOptions;

/// Keys remembered at once; when full, windows that have passed are forgotten, then new keys are not counted.
const KEYS: usize = 100_000;

pub(crate) struct Failures {
    identities: Counter<(String, String)>,
    addresses: Counter<IpAddr>,
}

struct Counter<K> {
    limit: u32,
    windows: Mutex<HashMap<K, Window>>,
}

struct Window {
    began: Instant,
    failures: u32,
}

impl Failures {
    pub(crate) fn new(options: &IdentityOptions) -> Self {
        Self {
            identities: Counter::new(options.failures_per_identity),
            addresses: Counter::new(options.failures_per_address),
        }
    }

    /// Refuses before any work is done for a caller that failed too often.
    pub(crate) fn check(&self, app: &str, name: &str, peer: IpAddr) -> Result<(), IdentityError> {
        self.identities.check(&(app.to_owned(), name.to_owned()))?;
        self.addresses.check(&peer)
    }

    pub(crate) fn failed(&self, app: &str, name: &str, peer: IpAddr) {
        self.identities.count((app.to_owned(), name.to_owned()));
        self.addresses.count(peer);
    }

    pub(crate) fn succeeded(&self, app: &str, name: &str) {
        self.identities.forget(&(app.to_owned(), name.to_owned()));
    }
}

impl<K: Eq + Hash> Counter<K> {
    fn new(limit: u32) -> Self {
        Self { limit, windows: Mutex::default() }
    }

    fn check(&self, key: &K) -> Result<(), IdentityError> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        match windows.get(key) {
            Some(window) if window.failures >= self.limit && window.began.elapsed() < limits::LOGIN_FAILURE_WINDOW => {
                let left = limits::LOGIN_FAILURE_WINDOW.saturating_sub(window.began.elapsed());
                Err(IdentityError::TooManyFailures(left.as_secs() + 1))
            }
            _ => Ok(()),
        }
    }

    fn count(&self, key: K) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEYS {
            windows.retain(|_, window| window.began.elapsed() < limits::LOGIN_FAILURE_WINDOW);
        }
        if windows.len() >= KEYS && !windows.contains_key(&key) {
            return;
        }
        let window = windows.entry(key).or_insert(Window { began: Instant::now(), failures: 0 });
        if window.began.elapsed() >= limits::LOGIN_FAILURE_WINDOW {
            *window = Window { began: Instant::now(), failures: 0 };
        }
        window.failures += 1;
    }

    fn forget(&self, key: &K) {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
