//! Device Sync, which is not part of Usher. Importers and test suites configure it on their way to what is: they are
//! told that it is switched off, and what they ask for has no effect.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    request.hosted()?;
    match (method, path) {
        (&Method::GET, ["sync", "config"]) => Reply::json(StatusCode::OK, &json!({"development_mode_enabled": false})),
        (&Method::GET, ["sync", "state"]) => Reply::json(StatusCode::OK, &json!({"state": ""})),
        (&Method::GET, ["sync", "progress"]) => Reply::json(StatusCode::OK, &json!({"progress": {}})),
        (&Method::GET, ["deploy", "config"]) => {
            Reply::json(StatusCode::OK, &json!({"automatic_deployment": {"enabled": false}}))
        }
        (&Method::GET, _) => Err(routes::nothing(request.exchange)),
        (_, ["sync", "config"] | ["deploy", "config"] | ["features"]) => super::no_content(),
        _ => Err(routes::nothing(request.exchange)),
    }
}
