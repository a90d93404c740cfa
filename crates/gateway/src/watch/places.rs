//! How many may watch: on one host, and of one user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::StatusCode;
use usher_contract::limits;

use crate::errors::ApiError;

/// The watchers of a host, counted for each user.
#[derive(Default)]
pub(crate) struct Places(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    all: usize,
    of_users: HashMap<String, usize>,
}

/// One watcher's place; free again when this is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    user: String,
}

impl Places {
    /// A place for one more stream of a user.
    pub(super) fn take(self: &Arc<Self>, user: &str) -> Result<Place, ApiError> {
        let mut taken = self.taken();
        if taken.all >= limits::WATCHERS {
            let most = limits::WATCHERS;
            return Err(ApiError::overloaded(format!("{most} streams are open on this host already")));
        }
        let of_user = taken.of_users.entry(user.to_owned()).or_default();
        if *of_user >= limits::WATCHERS_PER_USER {
            let most = limits::WATCHERS_PER_USER;
            let message = format!("this user has {most} streams open on this host, which is the most: end one first");
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message));
        }
        *of_user += 1;
        taken.all += 1;
        Ok(Place { places: self.clone(), user: user.to_owned() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(of_user) = taken.of_users.get_mut(&self.user) {
            *of_user -= 1;
            if *of_user == 0 {
                taken.of_users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_a_host_have_so_many_places_and_get_them_back() {
        let places = Arc::<Places>::default();
        let take = |user: usize| places.take(&user.to_string());
        let refused = |user| take(user).err().map(|error| error.status.as_u16());
        let mut anns: Vec<Place> = (0..limits::WATCHERS_PER_USER).map(|_| take(0).ok().unwrap()).collect();
        assert_eq!(refused(0), Some(429));
        let others: Vec<Place> =
            (anns.len()..limits::WATCHERS).map(|number| take(1 + number / 2).ok().unwrap()).collect();
        assert_eq!(refused(0), Some(503), "the host is full");
        anns.pop();
        anns.push(take(0).ok().unwrap());
        drop((anns, others));
        let taken = places.taken();
        assert_eq!((taken.all, taken.of_users.len()), (0, 0));
    }
}
