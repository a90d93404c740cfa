//! What all kinds of things have in common: a list, one to read, to make, to change and to remove.

use hyper::{Method, StatusCode};
use serde_json::json;
use usher_control::kinds::{self, Kind};

use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(
    request: &Request<'_>,
    kind: &dyn Kind,
    method: &Method,
    path: &[&str],
) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::GET, []) => Reply::json(StatusCode::OK, &kinds::list(kind, &request.workspace().await?)),
        (&Method::POST, []) => {
            let members = request.members()?;
            let made = request.edit(|workspace| kinds::create(kind, workspace, members.clone())).await?;
            Reply::json(StatusCode::CREATED, &made)
        }
        (&Method::GET, [id]) => Reply::json(StatusCode::OK, &kinds::one(kind, &request.workspace().await?, id)?),
        (&Method::PUT, [id]) => {
            let members = request.members()?;
            request.edit(|workspace| kinds::replace(kind, workspace, id, members.clone())).await?;
            super::no_content()
        }
        (&Method::PATCH, [id]) => {
            let members = request.members()?;
            request.edit(|workspace| kinds::patch(kind, workspace, id, members.clone())).await?;
            super::no_content()
        }
        (&Method::DELETE, [id]) => {
            request.edit(|workspace| kinds::remove(kind, workspace, id)).await?;
            super::no_content()
        }
        // Providers, endpoints and triggers.
        (&Method::PUT, [id, "enable" | "resume"]) => switch(request, kind, id, false).await,
        (&Method::PUT, [id, "disable" | "suspend"]) => switch(request, kind, id, true).await,
        _ => Err(routes::nothing(request.exchange)),
    }
}

async fn switch(request: &Request<'_>, kind: &dyn Kind, id: &str, disabled: bool) -> Result<Reply, ApiError> {
    let members: kinds::Members = [("disabled".to_owned(), json!(disabled))].into_iter().collect();
    request.edit(|workspace| kinds::patch(kind, workspace, id, members.clone())).await?;
    super::no_content()
}
