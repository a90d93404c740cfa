//! What an app has one of: custom user data, origins, lifetimes, the environment.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use usher_contract::limits;
use usher_control::kinds::settings;

use crate::admin::request::Request;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match (method, path) {
        (&Method::GET, ["custom_user_data"]) => ok(&settings::custom_user_data(&request.workspace().await?)),
        (&Method::PATCH, ["custom_user_data"]) => {
            let members = request.members()?;
            request.edit(|workspace| settings::set_custom_user_data(workspace, members.clone())).await?;
            super::no_content()
        }
        (&Method::GET, ["security", "allowed_request_origins"]) => {
            ok(&settings::allowed_request_origins(&request.workspace().await?))
        }
        (&Method::POST | &Method::PUT, ["security", "allowed_request_origins"]) => {
            let origins = request.json()?;
            request.edit(|workspace| settings::set_allowed_request_origins(workspace, &origins)).await?;
            super::no_content()
        }
        (&Method::GET, ["security", "refresh_token_expiration"]) => {
            let seconds = settings::refresh_token_seconds(&request.workspace().await?);
            let seconds = seconds.unwrap_or(limits::REFRESH_TOKEN_LIFETIME.as_secs());
            ok(&json!({"expiration_time_seconds": seconds}))
        }
        (&Method::PUT, ["security", "refresh_token_expiration"]) => {
            let members = request.members()?;
            let seconds = members.get("expiration_time_seconds");
            request.edit(|workspace| settings::set_refresh_token_seconds(workspace, seconds)).await?;
            super::no_content()
        }
        (&Method::GET, ["environment"]) => {
            ok(&json!({"environment": settings::environment(&request.workspace().await?)}))
        }
        (&Method::PUT, ["environment"]) => {
            let members = request.members()?;
            request.edit(|workspace| settings::set_environment(workspace, &members)).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

fn ok(body: &Value) -> Result<Reply, ApiError> {
    Reply::json(StatusCode::OK, body)
}
