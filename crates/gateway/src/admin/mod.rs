//! The admin API v3.0 (reference 7): what deploys and tests ask of App Services.
//!
//! Every path but those of `auth` is `groups/{group}/apps/…`. A host has no groups, so any group id will do. [`Request`]
//! is one request about one app; the modules stand by what they are about.

mod absent;
mod apps;
mod debug;
mod dependencies;
mod deployments;
mod description;
mod errors;
mod logs;
mod multipart;
mod query;
mod request;
mod secrets;
mod services;
mod session;
mod settings;
mod sync;
mod things;
mod transfer;
mod users;

use hyper::{Method, StatusCode};
use serde_json::json;
use usher_control::kinds;

use crate::errors::ApiError;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::routes;
use request::Request;

/// Everything below `/api/admin/v3.0`.
pub(crate) async fn handle(exchange: &Exchange, path: &[&str], body: &[u8]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, path) {
        (method, ["auth", rest @ ..]) => session::handle(exchange, method, rest, body).await,
        (method, ["groups", group, "apps"]) if is_id(group) => {
            let admin = session::admin(exchange).await?;
            apps::handle(exchange, &admin, method, body).await
        }
        (method, ["groups", group, "apps", app, rest @ ..]) if is_id(group) => {
            let admin = session::admin(exchange).await?;
            let request = Request::new(exchange, admin, app, body).await?;
            of_app(&request, method, rest).await
        }
        _ => Err(routes::nothing(exchange)),
    }
}

async fn of_app(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    match path {
        [] => apps::one(request, method).await,
        ["functions", rest @ ..] => things::handle(request, &kinds::Functions, method, rest).await,
        ["values", rest @ ..] => things::handle(request, &kinds::VALUES, method, rest).await,
        ["auth_providers", rest @ ..] => things::handle(request, &kinds::Providers, method, rest).await,
        ["schemas", rest @ ..] => things::handle(request, &kinds::Schemas, method, rest).await,
        ["endpoints", rest @ ..] => things::handle(request, &kinds::Endpoints, method, rest).await,
        ["triggers", rest @ ..] => things::handle(request, &kinds::TRIGGERS, method, rest).await,
        ["environment_values", rest @ ..] => things::handle(request, &kinds::EnvironmentValues, method, rest).await,
        ["services", rest @ ..] => services::handle(request, method, rest).await,
        ["secrets", rest @ ..] => secrets::handle(request, method, rest).await,
        ["deployments", rest @ ..] => deployments::handle(request, method, rest).await,
        ["drafts", rest @ ..] => deployments::drafts(request, method, rest).await,
        ["users", rest @ ..] => users::handle(request, method, rest).await,
        ["user_registrations", rest @ ..] => users::registrations(request, method, rest).await,
        ["api_keys", rest @ ..] => users::api_keys(request, method, rest).await,
        ["dependencies", rest @ ..] => dependencies::handle(request, method, rest).await,
        ["debug", "execute_function"] => debug::execute_function(request, method).await,
        ["description"] => description::handle(request, method),
        ["logs"] => logs::handle(request, method).await,
        ["export"] => transfer::export(request, method).await,
        ["import"] => transfer::import(request, method).await,
        ["sync", ..] | ["deploy", "config"] | ["features"] => sync::handle(request, method, path),
        ["hosting", rest @ ..] => absent::hosting(request, method, rest),
        ["security", "access_list", ..] => absent::access_list(request, method, path),
        _ => settings::handle(request, method, path).await,
    }
}

/// Everything below `/api/private/v1.0`: the version, which command lines ask for to see whether a server is there.
pub(crate) fn private(exchange: &Exchange, path: &[&str]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, path) {
        (&Method::GET, ["version"]) => Reply::json(StatusCode::OK, &json!({"version": env!("CARGO_PKG_VERSION")})),
        // Switches of the service itself, none of which is here.
        (&Method::POST, ["groups", _, "apps", _, "features"]) => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        _ => Err(routes::nothing(exchange)),
    }
}

/// Everything below `/api/public/v1.0`: the projects that Atlas would list, which command lines ask for before they make
/// an app. It takes no login: there is one project, the same on every host.
pub(crate) fn public(exchange: &Exchange, path: &[&str]) -> Result<Reply, ApiError> {
    match (&exchange.parts.method, path) {
        (&Method::GET, ["groups"]) => {
            let project = json!({"id": usher_control::GROUP, "name": "usher"});
            Reply::json(StatusCode::OK, &json!({"results": [project], "totalCount": 1, "links": []}))
        }
        _ => Err(routes::nothing(exchange)),
    }
}

/// 24 hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn no_content() -> Result<Reply, ApiError> {
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
