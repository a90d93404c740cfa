//! From a request to its response: identity, cross-origin check, body, handler, log line.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Body;
use hyper::{Method, Request, Response};
use usher_contract::limits;

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::finish::Finish;
use crate::reply::{self, Outgoing, Reply};
use crate::services::Shared;
use crate::{body, cors, health, log, routes};

/// Answers one request.
pub(crate) async fn answer<B>(shared: &Arc<Shared>, request: Request<B>, peer: SocketAddr) -> Response<Outgoing>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let (parts, body) = request.into_parts();
    if let Some(response) = health::answer(shared, &parts).await {
        return response;
    }
    let exchange = Arc::new(Exchange::new(parts, peer, Arc::clone(shared)));
    if exchange.parts.method == Method::OPTIONS {
        return cors::preflight(&exchange);
    }
    let outcome = match body::read(body, exchange.body_limit()).await {
        Ok(body) => finished(&exchange, body).await,
        Err(error) => {
            let outcome = Err(error);
            record(&exchange, &outcome);
            outcome
        }
    };
    reply::response(&exchange, outcome)
}

/// Runs the handler to its end, so that neither a client that hangs up nor a panic reaches further than this one
/// request. The log line is written inside: a call whose client has gone still has one.
async fn finished(exchange: &Arc<Exchange>, body: Bytes) -> Result<Reply, ApiError> {
    let own = Arc::clone(exchange);
    let handler = async move {
        let outcome = routes::handle(&own, &body).await;
        record(&own, &outcome);
        outcome
    };
    Finish::new(handler, exchange.shared.work.clone()).await.unwrap_or_else(|_| {
        let outcome = Err(ApiError::internal("the handler panicked; standard error says where".to_owned()));
        record(exchange, &outcome);
        outcome
    })
}

/// The one line that the log has of each request. The query stays out of it: it may hold a token.
fn record(exchange: &Exchange, outcome: &Result<Reply, ApiError>) {
    log::record(exchange, outcome);
    let (id, method, path) = (&exchange.id, &exchange.parts.method, exchange.parts.uri.path());
    let ms = || u64::try_from(exchange.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(_) => tracing::debug!(request = %id, %method, path, ms = ms(), "answered"),
        Err(error) => {
            let (status, code, text) = (error.status.as_u16(), error.code, limits::log_line(&error.message));
            match &error.story {
                Some(story) => {
                    tracing::error!(request = %id, %method, path, status, code, story, ms = ms(), "failed");
                }
                None => {
                    tracing::info!(request = %id, %method, path, status, code, error = text, ms = ms(), "refused")
                }
            }
        }
    }
}
