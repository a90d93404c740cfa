//! A call and who makes it.

use std::sync::Arc;

use async_trait::async_trait;
use bson::Document;
use usher_app::App;
use usher_contract::Failure;
use usher_database::Transaction;
use usher_logs::Kind;

use crate::deployment::Deployment;

/// On whose behalf a function runs.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody in particular: the registration pipeline, an operator.
    System,
    /// An authenticated user.
    User {
        /// The user's id, 24 hexadecimal digits.
        id: String,
        /// The custom data as the presented token holds it: canonical Extended JSON (reference 1.4).
        custom_data: Option<Arc<str>>,
    },
}

/// Who asks for the call, which decides what may be called and where its writes go.
#[derive(Clone)]
pub enum Origin {
    /// A client: private functions do not exist.
    Client,
    /// An operator at the command line. `system` runs the function with the system's grants.
    Operator {
        /// Whether to run as the system although the caller may be a user.
        system: bool,
    },
    /// The registration pipeline: runs as the system, every write joins the transaction.
    Registration(Transaction),
    /// A trigger: runs as the system.
    Trigger {
        /// What the log calls such a call.
        kind: Kind,
        /// The trigger's name.
        name: Arc<str>,
    },
    /// An HTTPS endpoint or webhook. `system` runs the function with the system's grants.
    Endpoint {
        /// Whether to run as the system although the caller may be a user.
        system: bool,
    },
    /// A rule or a provider of the app: runs as the system, whoever the caller is.
    Configuration,
}

/// One call.
#[derive(Clone)]
pub struct Call {
    /// The deployment that the call began with; a swap in between does not touch it.
    pub deployment: Arc<Deployment>,
    /// The function's name.
    pub function: String,
    /// A BSON array.
    pub arguments: Vec<u8>,
    /// On whose behalf.
    pub caller: Caller,
    /// Who asks.
    pub origin: Origin,
    /// The client's request as `context.request` (reference 5.4), a BSON document: where a client is calling and
    /// [`Deployment::reads_requests`].
    pub request: Option<Arc<[u8]>>,
    /// The invocation's id: 24 hexadecimal digits, for a client's call the request's.
    pub id: String,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No such function, or a private one and the caller is a client.
    #[error("function not found: '{0}'")]
    NotFound(String),
    /// No sandbox became free in time.
    #[error("{0}")]
    Overloaded(String),
    /// The function ran and failed: by its own answer, by a trap or by its budget.
    #[error("{0}")]
    Failed(Failure),
}

/// What dispatch must ask of user accounts. Identity, which stands above, implements it; the binary joins them.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// `{id, type, data, identities}` of a user (reference 5.4).
    async fn describe(&self, app: &str, user: &str) -> Result<Document, Failure>;
    /// A user as a caller, with the custom data of this moment.
    async fn caller(&self, app: &App, user: &str) -> Result<Caller, Failure>;
    /// Deletes a user with every session and appends the DELETE event.
    async fn delete(&self, app: &str, user: &str) -> Result<(), Failure>;
}
