//! One watcher's stream, from its beginning to its last words.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use hyper::StatusCode;
use hyper::body::Frame;
use hyper::header::HeaderValue;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use usher_contract::limits;
use usher_dispatch::ServiceCall;
use usher_watch::Subscription;

use super::places::Place;
use crate::cors;
use crate::errors::ApiError;
use crate::log::Told;
use crate::services::Shared;

/// A comment, which clients ignore.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// What clients know for a host that goes away for a while (reference 3.10).
const CLOSING: &str = "MaintenanceInProgress";

/// One watcher's stream. It holds no task of its own: its connection's asks for what comes next.
pub(super) struct Stream {
    pub(super) subscription: Subscription,
    pub(super) shared: Arc<Shared>,
    /// What was asked for, and under which deployment.
    pub(super) call: ServiceCall,
    pub(super) token: String,
    /// Where a browser's script comes from.
    pub(super) origin: Option<HeaderValue>,
    pub(super) news: News,
    pub(super) told: Told,
    pub(super) _place: Place,
    /// When something was last sent.
    pub(super) said: Instant,
    /// The last text has been given.
    pub(super) over: bool,
}

/// Tells that a user may have been disabled, or an app deployed anew.
pub(super) struct News {
    revocations: watch::Receiver<()>,
    swaps: watch::Receiver<()>,
}

impl News {
    pub(super) fn of(shared: &Shared) -> Self {
        Self { revocations: shared.services.identity.revocations(), swaps: shared.services.dispatcher.swaps() }
    }

    async fn come(&mut self) {
        let come = tokio::select! {
            come = self.revocations.changed() => come,
            come = self.swaps.changed() => come,
        };
        if come.is_err() {
            // Nobody is left to bring any.
            std::future::pending().await
        }
    }
}

impl Stream {
    /// The body of the answer.
    pub(super) fn frames(self) -> impl stream::Stream<Item = Result<Frame<Bytes>, Infallible>> {
        stream::unfold(Box::new(self), |mut stream| async {
            let text = stream.next().await?;
            Some((Ok(Frame::data(text)), stream))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        while !self.over {
            match self.text().await {
                Ok(Some(text)) => {
                    self.said = Instant::now();
                    return Some(text);
                }
                Ok(None) => {}
                Err(error) => {
                    self.over = true;
                    self.told.failed(&error);
                    return Some(last_words(&error));
                }
            }
        }
        None
    }

    /// What is sent next, if anything.
    async fn text(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Self { subscription, shared, news, said, .. } = self;
        let before = subscription.place();
        let happens = async {
            tokio::select! {
                () = subscription.ready() => subscription.next().await.map_err(ApiError::from_service),
                () = sleep_until(*said + limits::WATCH_KEEP_ALIVE) => Ok(Some(COMMENT)),
            }
        };
        let text = tokio::select! {
            biased;
            () = shared.closing.cancelled() => return Err(closing()),
            () = news.come() => Ok(None),
            text = happens => text,
        };
        self.shared.services.identity.verify_access(self.call.deployment.app(), &self.token).await?;
        if self.is_bound_anew(before).await? { Ok(None) } else { text }
    }

    /// Where the app was deployed anew, goes on under its rules: what would be sent next, from that place on, is judged by
    /// them. Asked before every text, so that nobody sees what they may not see any more, and nobody misses anything.
    async fn is_bound_anew(&mut self, place: u64) -> Result<bool, ApiError> {
        let dispatcher = &self.shared.services.dispatcher;
        let now = dispatcher.deployment(&self.call.deployment.app().id);
        let now = now.ok_or_else(|| ApiError::bad_request("the app is no longer served here"))?;
        if Arc::ptr_eq(&now, &self.call.deployment) {
            return Ok(false);
        }
        if let Some(origin) = &self.origin
            && !cors::allows(now.app(), origin)
        {
            return Err(ApiError::domain_not_allowed(origin));
        }
        self.call.deployment = now;
        let (_, bound) = dispatcher.ruling(&self.call).await.map_err(ApiError::from_service)?;
        self.subscription.rebind(bound, place).map_err(ApiError::from_service)?;
        Ok(true)
    }
}

fn closing() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, CLOSING, "this host is shutting down: watch again")
}

/// The event that ends a stream (reference 3.7).
fn last_words(error: &ApiError) -> Bytes {
    let json = json!({"error_code": error.code.unwrap_or_default(), "error": error.message}).to_string();
    let json = json.replace('%', "%25");
    Bytes::from(format!("event: error\ndata: {json}\n\n"))
}
