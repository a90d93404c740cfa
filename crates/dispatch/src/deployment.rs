//! Apps as they run: one immutable deployment each, swapped as a whole.

use std::sync::Arc;

use usher_app::App;

use crate::call::{Call, CallError};

/// One immutable version of an app: its configuration and its loaded functions.
pub struct Deployment {
    app: App,
}

impl Deployment {
    /// The configuration.
    pub fn app(&self) -> &App {
        &self.app
    }
}

/// Runs calls.
pub struct Dispatcher {}

impl Dispatcher {
    /// The app that runs under this client app id.
    pub fn deployment(&self, _app: &str) -> Option<Arc<Deployment>> {
        todo!()
    }

    /// Runs one call and answers with the value of its result as the contract passes it: a document with the
    /// field `result` (see `usher_contract::value::result`).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, _call: Call) -> Result<Vec<u8>, CallError> {
        todo!()
    }
}
