//! Failed logins, counted for each identity and each address. What is counted is what the client sent, so the answer
//! is the same whether or not there is such an account. E-mails, and users that anybody can make, are counted in the same
//! way, each by itself: an office whose people all register on one day must still be able to log in.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use usher_contract::limits;

use crate::error::IdentityError;
use crate::identity::IdentityOptions;

/// Identities and addresses with failed logins that a host remembers, some 100 bytes each.
const REMEMBERED: u64 = 100_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Subject {
    Identity {
        app: Arc<str>,
        email: Arc<str>,
    },
    /// Whoever reads the e-mails to this address.
    Mailbox {
        app: Arc<str>,
        email: Arc<str>,
    },
    /// Whoever fails to log in from there.
    Address(IpAddr),
    /// Whoever has e-mails sent from there.
    Sender(IpAddr),
    /// Whoever becomes a user from there, without anybody who vouches for them.
    Newcomers(IpAddr),
}

struct Failures {
    count: AtomicU32,
    since: Instant,
}

pub(crate) struct Limiter {
    failures: Cache<Subject, Arc<Failures>>,
    per_identity: u32,
    per_address: u32,
    newcomers: u32,
    window: Duration,
}

/// One login, as the limiter sees it.
pub(crate) struct Attempt<'a> {
    limiter: &'a Limiter,
    identity: Option<Subject>,
    address: Subject,
}

impl Limiter {
    pub(crate) fn new(options: &IdentityOptions) -> Self {
        Self {
            // The window begins with the first failure and ends, with all that it counted, a fixed time later.
            failures: Cache::builder().max_capacity(REMEMBERED).time_to_live(options.failure_window).build(),
            per_identity: options.failures_per_identity,
            per_address: options.failures_per_address,
            newcomers: options.new_users_per_address,
            window: options.failure_window,
        }
    }

    /// A login from an address; with an e-mail address if it could be one.
    pub(crate) fn attempt(&self, app: &str, email: Option<&str>, peer: IpAddr) -> Attempt<'_> {
        Attempt {
            limiter: self,
            identity: email.map(|email| Subject::Identity { app: app.into(), email: email.into() }),
            address: Subject::Address(network(peer)),
        }
    }

    /// Counts an e-mail, or a call of a function that may send one, and refuses when there have been too many.
    pub(crate) fn message(&self, app: &str, email: &str, peer: IpAddr) -> Result<(), IdentityError> {
        let mailbox = Subject::Mailbox { app: app.into(), email: email.into() };
        let sender = Subject::Sender(network(peer));
        let wait = self.wait(&mailbox, limits::MAILS_PER_IDENTITY).or_else(|| self.wait(&sender, self.per_address));
        if let Some(seconds) = wait {
            return Err(IdentityError::TooManyRequests(seconds));
        }
        self.count(mailbox);
        self.count(sender);
        Ok(())
    }

    /// Counts somebody who becomes a user by asking for it, an anonymous user or a registration, and refuses when there
    /// have been too many. This machine itself is free: it is the operator's, or a proxy's who does not tell whom it
    /// speaks for.
    pub(crate) fn newcomer(&self, peer: IpAddr) -> Result<(), IdentityError> {
        if peer.to_canonical().is_loopback() {
            return Ok(());
        }
        let newcomers = Subject::Newcomers(network(peer));
        if let Some(seconds) = self.wait(&newcomers, self.newcomers) {
            return Err(IdentityError::TooManyRequests(seconds));
        }
        if self.count(newcomers) == self.newcomers {
            tracing::warn!(%peer, "no more new users from this address for a while (--new-users-per-address)");
        }
        Ok(())
    }

    /// Forgets the failed logins of an identity.
    pub(crate) fn forget(&self, app: &str, email: &str) {
        self.failures.invalidate(&Subject::Identity { app: app.into(), email: email.into() });
    }

    fn check(&self, subject: &Subject, limit: u32) -> Result<(), IdentityError> {
        self.wait(subject, limit).map_or(Ok(()), |seconds| Err(IdentityError::TooManyFailures(seconds)))
    }

    /// The seconds that a subject has to wait, where it has had too many.
    fn wait(&self, subject: &Subject, limit: u32) -> Option<u64> {
        let failures = self.failures.get(subject)?;
        let left = self.window.saturating_sub(failures.since.elapsed());
        (failures.count.load(Ordering::Relaxed) >= limit).then(|| left.as_secs() + 1)
    }

    /// Counts one more, and gives how many there are now.
    fn count(&self, subject: Subject) -> u32 {
        let fresh = || Arc::new(Failures { count: AtomicU32::new(0), since: Instant::now() });
        self.failures.get_with(subject, fresh).count.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Attempt<'_> {
    /// Refuses when there have been too many failures.
    pub(crate) fn check(&self) -> Result<(), IdentityError> {
        if let Some(identity) = &self.identity {
            self.limiter.check(identity, self.limiter.per_identity)?;
        }
        self.limiter.check(&self.address, self.limiter.per_address)
    }

    pub(crate) fn failed(&self) {
        for subject in self.identity.iter().chain([&self.address]) {
            self.limiter.count(subject.clone());
        }
    }

    /// Who knows the password is no guesser; the address may still be guessing others' passwords.
    pub(crate) fn succeeded(&self) {
        if let Some(identity) = &self.identity {
            self.limiter.failures.invalidate(identity);
        }
    }
}

/// One subscriber gets a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & !u128::from(u64::MAX)).into()),
        four => four,
    }
}
