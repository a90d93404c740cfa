//! A transaction that several parts of one registration share.

use std::sync::Arc;

use mongodb::ClientSession;
use tokio::sync::{Mutex, MutexGuard};

/// A running transaction. Clones are handles of the same one; operations inside it take turns, as MongoDB demands.
#[derive(Clone)]
pub struct Transaction {
    session: Arc<Mutex<ClientSession>>,
}

impl Transaction {
    /// The session to pass to the driver; held until the guard is dropped.
    pub async fn session(&self) -> MutexGuard<'_, ClientSession> {
        self.session.lock().await
    }
}
