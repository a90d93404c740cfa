//! What the gateway stands on.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher_contract::limits;
use usher_control::Control;
use usher_dispatch::Dispatcher;
use usher_identity::Identity;
use usher_watch::Hub;

use crate::watch::Places;

/// Asks whether this host can serve: `Err` says in a few words why not. Called for each `GET /ready`.
pub type Readiness = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The rooms below, and the gateway's own options.
#[derive(Clone)]
pub struct Services {
    /// Users and sessions.
    pub identity: Arc<Identity>,
    /// Apps and their functions.
    pub dispatcher: Arc<Dispatcher>,
    /// Collections that clients watch.
    pub hub: Arc<Hub>,
    /// Apps that live in the database, and those who administer them.
    pub control: Arc<Control>,
    /// How to serve.
    pub options: GatewayOptions,
}

/// How to serve.
#[derive(Clone)]
pub struct GatewayOptions {
    /// The base URL that clients shall use, such as `https://functions.example.org`, answered by the location
    /// endpoint (reference 3.2). Without it, it is derived from each request's `Host`.
    pub public_url: Option<String>,
    /// Whether to believe `X-Forwarded-For`, `-Host` and `-Proto`. Only behind a proxy that sets them itself:
    /// otherwise a client could choose the address that its failed logins are counted against.
    pub trust_forwarded: bool,
    /// How long a client may take nothing of what it is sent: [`limits::SEND_DEADLINE`] as a rule.
    pub send_deadline: Duration,
    /// The probe behind `GET /ready`: the database answers and the apps are loaded.
    pub ready: Readiness,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            public_url: None,
            trust_forwarded: false,
            send_deadline: limits::SEND_DEADLINE,
            ready: Arc::new(|| Box::pin(async { Ok(()) })),
        }
    }
}

impl fmt::Debug for GatewayOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayOptions")
            .field("public_url", &self.public_url)
            .field("trust_forwarded", &self.trust_forwarded)
            .field("send_deadline", &self.send_deadline)
            .finish_non_exhaustive()
    }
}

/// What every connection of one server shares.
pub(crate) struct Shared {
    pub(crate) services: Services,
    /// Connections and running requests; shutdown waits for them.
    pub(crate) work: TaskTracker,
    /// Slots for large calls.
    pub(crate) large: Semaphore,
    /// Places for streams of watchers.
    pub(crate) watchers: Arc<Places>,
    /// Cancelled when shutdown begins.
    pub(crate) closing: CancellationToken,
}

impl Shared {
    pub(crate) fn new(mut services: Services) -> Self {
        if let Some(url) = &mut services.options.public_url {
            url.truncate(url.trim_end_matches('/').len());
        }
        Self {
            services,
            work: TaskTracker::new(),
            large: Semaphore::new(limits::LARGE_CALLS),
            watchers: Arc::default(),
            closing: CancellationToken::new(),
        }
    }
}
