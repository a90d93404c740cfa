//! Deployments, and drafts of the next one.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_control::{DeploymentInfo, DraftInfo};

use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let (control, app) = (request.control(), request.hosted()?);
    match (method, path) {
        (&Method::GET, []) => {
            let deployments = control.deployments(app).await?;
            Reply::json(StatusCode::OK, &deployments.iter().map(DeploymentInfo::body).collect::<Vec<Value>>())
        }
        (&Method::GET, [id]) => Reply::json(StatusCode::OK, &control.deployment(app, id).await?.body()),
        (&Method::POST, [id, "redeploy"]) => {
            let deployed = control.redeploy(app, id, &request.author()).await?;
            Reply::json(StatusCode::CREATED, &deployed.body())
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

pub(super) async fn drafts(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let (control, app) = (request.control(), request.hosted()?);
    match (method, path) {
        (&Method::GET, []) => {
            let drafts = control.drafts(app).await?;
            Reply::json(StatusCode::OK, &drafts.iter().map(|draft| body(request, draft)).collect::<Vec<Value>>())
        }
        (&Method::POST, []) => {
            let draft = control.open_draft(app, &request.author()).await?;
            Reply::json(StatusCode::CREATED, &body(request, &draft))
        }
        (&Method::GET, [id]) => Reply::json(StatusCode::OK, &body(request, &control.draft(app, id).await?)),
        (&Method::DELETE, [id]) => {
            control.discard_draft(app, id).await?;
            super::no_content()
        }
        (&Method::GET, [id, "diff"]) => {
            let changes = control.draft_changes(app, id).await?;
            Reply::json(StatusCode::OK, &json!({"diffs": changes}))
        }
        (&Method::POST, [id, "deployment"]) => {
            let deployed = control.deploy_draft(app, id, &request.author()).await?;
            Reply::json(StatusCode::CREATED, &deployed.body())
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

fn body(request: &Request<'_>, draft: &DraftInfo) -> Value {
    json!({"_id": draft.id.to_hex(), "user_id": draft.author, "app": request.app.body()})
}
