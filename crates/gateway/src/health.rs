//! `GET /health`: the process is up. `GET /ready`: it can serve, that is, the database answers, the apps are
//! loaded, and shutdown has not begun.

use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde_json::json;
use usher_contract::limits;

use crate::errors::ApiError;
use crate::reply::{self, Outgoing, Reply};
use crate::services::Shared;

/// The answer, if this request asks for one of the two.
pub(crate) async fn answer(shared: &Shared, parts: &Parts) -> Option<Response<Outgoing>> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let reply = match parts.uri.path() {
        "/health" => Reply::json(StatusCode::OK, &json!({"status": "ok"})),
        "/ready" => readiness(probe(shared).await),
        _ => return None,
    };
    Some(reply::body(reply.unwrap_or_else(|e| Reply::empty(e.status))))
}

async fn probe(shared: &Shared) -> Result<(), String> {
    if shared.closing.is_cancelled() {
        return Err("shutting down".to_owned());
    }
    let probe = (shared.services.options.ready)();
    tokio::time::timeout(limits::READINESS_DEADLINE, probe)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", limits::READINESS_DEADLINE.as_secs())))
}

fn readiness(probe: Result<(), String>) -> Result<Reply, ApiError> {
    match probe {
        Ok(()) => Reply::json(StatusCode::OK, &json!({"status": "ready"})),
        Err(reason) => {
            // The reason may name hosts, which is the log's business.
            tracing::warn!(%reason, "not ready");
            let body = json!({"status": "not ready"});
            Reply::json(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}
