//! A transaction that several parts of one registration share.

use std::sync::{Arc, Mutex as Memo, PoisonError};

use mongodb::ClientSession;
use mongodb::error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR};
use tokio::sync::{Mutex, MutexGuard};

/// A running transaction. Clones are handles of the same one; operations inside it take turns, as MongoDB demands.
///
/// MongoDB ends a transaction at the first operation that fails in it. Whoever runs one here and may go on after a
/// failure passes the error to [`note_error`](Self::note_error), so that the transaction is not committed.
#[derive(Clone)]
pub struct Transaction {
    session: Arc<Mutex<ClientSession>>,
    trouble: Arc<Memo<Trouble>>,
}

#[derive(Default)]
struct Trouble {
    transient: bool,
    fatal: Option<String>,
}

impl Transaction {
    pub(crate) fn new(session: ClientSession) -> Self {
        Self { session: Arc::new(Mutex::new(session)), trouble: Arc::default() }
    }

    /// The session to pass to the driver; held until the guard is dropped.
    pub async fn session(&self) -> MutexGuard<'_, ClientSession> {
        self.session.lock().await
    }

    /// Remembers that an operation inside the transaction failed.
    pub fn note_error(&self, error: &Error) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
            trouble.transient = true;
        } else if came_from_server(error) {
            trouble.fatal.get_or_insert_with(|| error.to_string());
        }
    }

    /// Whether a transient error happened inside: running the whole again may succeed.
    pub fn transient(&self) -> bool {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).transient
    }

    /// The error that ended the transaction for good, if one was noted.
    pub(crate) fn fatal(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).fatal.clone()
    }
}

/// Errors that the driver makes before it sends anything leave the transaction as it is.
fn came_from_server(error: &Error) -> bool {
    matches!(
        error.kind.as_ref(),
        ErrorKind::Command(_) | ErrorKind::Write(_) | ErrorKind::InsertMany(_) | ErrorKind::BulkWrite(_)
    )
}
