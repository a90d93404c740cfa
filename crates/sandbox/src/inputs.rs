//! Time and randomness, which are inputs of an invocation: a guest has no ambient clock and no ambient entropy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// What an invocation may know of the moment it runs in. The same inputs give the same run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The time, since the Unix epoch.
    pub now: Duration,
    /// Where the guest's random numbers come from.
    pub seed: [u8; 32],
}

impl Inputs {
    /// The present moment and a fresh seed.
    pub fn fresh() -> Self {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { now, seed }
    }

    pub(crate) fn provide(&self, wasi: &mut WasiCtxBuilder, clock: &Arc<Clock>) {
        let secure = StdRng::from_seed(self.seed);
        // The two generators must not repeat each other, so the second starts from the seed's complement.
        let other = self.seed.map(|byte| !byte);
        let mut seed = [0; 16];
        seed.copy_from_slice(&other[..16]);
        wasi.secure_random(secure)
            .insecure_random(StdRng::from_seed(other))
            .insecure_random_seed(u128::from_le_bytes(seed))
            .wall_clock(Wall(self.now, clock.clone()))
            .monotonic_clock(Monotonic(clock.clone(), AtomicU64::new(0)));
    }
}

/// How long the invocation has taken, as it can see it: time moves on only while it waits for something, so that
/// every reading of the clock follows from what the host answered.
#[derive(Debug)]
pub(crate) struct Clock {
    begun: Instant,
    /// Nanoseconds.
    elapsed: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { begun: Instant::now(), elapsed: AtomicU64::new(0) }
    }
}

impl Clock {
    /// Catches up with the time that passed.
    pub(crate) fn advance(&self) {
        let elapsed = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.elapsed.store(elapsed, Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        self.elapsed.load(Ordering::Relaxed)
    }
}

/// The time at which the invocation began, and what it has waited since.
struct Wall(Duration, Arc<Clock>);

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0 + Duration::from_nanos(self.1.elapsed())
    }
}

/// Advances by one microsecond each time it is read, besides the time that was waited: monotonic, and the same in
/// every run with the same answers.
struct Monotonic(Arc<Clock>, AtomicU64);

const MONOTONIC_STEP_NANOSECONDS: u64 = 1_000;

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        MONOTONIC_STEP_NANOSECONDS
    }

    fn now(&self) -> u64 {
        self.0.elapsed() + self.1.fetch_add(MONOTONIC_STEP_NANOSECONDS, Ordering::Relaxed)
    }
}
