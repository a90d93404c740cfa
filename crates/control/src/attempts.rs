//! Failed logins of administrators, counted for each name and each address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use moka::sync::Cache;
use usher_contract::limits;

use crate::error::ControlError;

/// Names and addresses with failed logins that a host remembers.
const REMEMBERED: u64 = 10_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Subject {
    Name(Arc<str>),
    Address(IpAddr),
}

struct Failures {
    count: AtomicU32,
    since: Instant,
}

/// What a host remembers of failed logins, for [`limits::LOGIN_FAILURE_WINDOW`] after the first.
pub(crate) struct Attempts(Cache<Subject, Arc<Failures>>);

impl Attempts {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(limits::LOGIN_FAILURE_WINDOW).build())
    }

    /// Refuses a login after too many failures of its name or its address.
    pub(crate) fn check(&self, name: &str, peer: IpAddr) -> Result<(), ControlError> {
        let limits = [limits::LOGIN_FAILURES_PER_IDENTITY, limits::LOGIN_FAILURES_PER_ADDRESS];
        for (subject, limit) in subjects(name, peer).into_iter().zip(limits) {
            if let Some(failures) = self.0.get(&subject)
                && failures.count.load(Ordering::Relaxed) >= limit
            {
                let left = limits::LOGIN_FAILURE_WINDOW.saturating_sub(failures.since.elapsed());
                return Err(ControlError::TooManyFailures(left.as_secs() + 1));
            }
        }
        Ok(())
    }

    pub(crate) fn failed(&self, name: &str, peer: IpAddr) {
        let fresh = || Arc::new(Failures { count: AtomicU32::new(0), since: Instant::now() });
        for subject in subjects(name, peer) {
            self.0.get_with(subject, fresh).count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Who has the key is no guesser; the address may still be guessing others'.
    pub(crate) fn succeeded(&self, name: &str) {
        self.0.invalidate(&Subject::Name(name.into()));
    }
}

/// One subscriber gets a whole /64 of IPv6 addresses.
fn subjects(name: &str, peer: IpAddr) -> [Subject; 2] {
    let network = match peer.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & !u128::from(u64::MAX)).into()),
        four => four,
    };
    [Subject::Name(name.into()), Subject::Address(network)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_after_too_many_failures_and_others_are_not() {
        let attempts = Attempts::new();
        let peer = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..limits::LOGIN_FAILURES_PER_IDENTITY {
            attempts.check("ann", peer).unwrap();
            attempts.failed("ann", peer);
        }
        assert!(matches!(attempts.check("ann", peer), Err(ControlError::TooManyFailures(1..))));
        attempts.check("bob", peer).unwrap();
        attempts.succeeded("ann");
        attempts.check("ann", peer).unwrap();
    }
}
