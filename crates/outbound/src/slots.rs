//! How many requests run at once to one origin.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use usher_contract::limits;

use crate::origin::Origin;

/// Origins to remember before those that nobody uses are forgotten; a wildcard grant reaches any number.
const REMEMBERED: usize = 256;

/// The slots of each origin.
#[derive(Default)]
pub(crate) struct Slots(Mutex<HashMap<Origin, Arc<Semaphore>>>);

impl Slots {
    /// Waits for a slot, which is free again when the permit is dropped.
    pub(crate) async fn take(&self, origin: &Origin) -> Option<OwnedSemaphorePermit> {
        let slots = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= REMEMBERED {
                all.retain(|_, slots| Arc::strong_count(slots) > 1);
            }
            all.entry(origin.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(limits::HTTP_REQUESTS_PER_ORIGIN)))
                .clone()
        };
        // It fails for a closed semaphore only, and nobody closes these.
        slots.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED, Slots};
    use crate::origin::Origin;
    use futures::FutureExt as _;
    use usher_contract::limits;

    fn origin(port: u16) -> Origin {
        Origin { scheme: "http".into(), host: "example.com".into(), port }
    }

    #[tokio::test]
    async fn each_origin_has_its_slots() {
        let slots = Slots::default();
        let mut taken = Vec::new();
        for _ in 0..limits::HTTP_REQUESTS_PER_ORIGIN {
            taken.push(slots.take(&origin(1)).now_or_never().flatten().unwrap());
        }
        assert!(slots.take(&origin(1)).now_or_never().is_none(), "one more has to wait");
        assert!(slots.take(&origin(2)).now_or_never().flatten().is_some(), "another origin does not");
        taken.pop();
        assert!(slots.take(&origin(1)).now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn unused_origins_are_forgotten_and_used_ones_are_not() {
        let slots = Slots::default();
        let used = slots.take(&origin(0)).await;
        for port in 1..=u16::try_from(2 * REMEMBERED).unwrap() {
            slots.take(&origin(port)).await;
        }
        let all = slots.0.lock().unwrap();
        assert!(all.len() <= REMEMBERED && all.contains_key(&origin(0)), "{}", all.len());
        drop(used);
    }
}
