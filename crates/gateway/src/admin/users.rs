//! Users, registrations and the app's own API keys (reference 7.3, 7.4, 7.6).

use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use usher_contract::limits;
use usher_identity::UserQuery;

use crate::admin::query;
use crate::admin::request::Request;
use crate::body;
use crate::errors::ApiError;
use crate::reply::Reply;
use crate::routes;

pub(super) async fn handle(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let deployment = request.deployment()?;
    let (identity, app) = (request.exchange.identity(), deployment.app());
    match (method, path) {
        (&Method::GET, []) => Reply::json(StatusCode::OK, &identity.users(app, &wanted(request)?).await?),
        (&Method::POST, []) => {
            let members = request.members()?;
            let (email, password) = (body::text(&members, "email")?, body::text(&members, "password")?);
            let id = identity.create_user(&deployment, email, password).await?;
            Reply::json(StatusCode::CREATED, &identity.user(app, &id).await?)
        }
        (&Method::POST, ["verify_token"]) => {
            let members = request.members()?;
            let verified = identity.verify_token(app, body::text(&members, "token")?).await?;
            Reply::json(StatusCode::OK, &verified)
        }
        (&Method::GET, [id]) => Reply::json(StatusCode::OK, &identity.user(app, id).await?),
        (&Method::PATCH, [id, "reset_email"]) => {
            let members = request.members()?;
            identity.reset_email(app, id, body::text(&members, "email")?).await?;
            super::no_content()
        }
        (&Method::DELETE, [id]) => {
            identity.delete_user(app, id).await?;
            super::no_content()
        }
        (&Method::PUT, [id, "enable"]) => {
            identity.set_disabled(app, id, false).await?;
            super::no_content()
        }
        (&Method::PUT, [id, "disable"]) => {
            identity.set_disabled(app, id, true).await?;
            super::no_content()
        }
        (&Method::PUT, [id, "logout"]) => {
            identity.revoke_sessions(app, id).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

/// Those who registered and have not logged in yet.
pub(super) async fn registrations(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let deployment = request.deployment()?;
    let (identity, app) = (request.exchange.identity(), deployment.app());
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match (method, path) {
        (&Method::GET, ["pending_users"]) => {
            let after = query::parameter(request.exchange, "after");
            let pending = identity.pending_registrations(app, after.as_deref()).await?;
            let body: Vec<Value> = pending
                .iter()
                .map(|pending| {
                    json!({
                        "_id": pending.id,
                        "login_ids": [{"id_type": "email", "id": pending.email, "confirmed": pending.confirmed}],
                        "creation_date": pending.created_at / 1000,
                    })
                })
                .collect();
            Reply::json(StatusCode::OK, &body)
        }
        (&Method::POST, ["by_email", email, "send_confirm"]) => {
            let sent = identity.send_confirm(app, &decoded(email)).await?;
            Reply::json(StatusCode::OK, &json!({"token": sent.token, "token_id": sent.token_id}))
        }
        (&Method::POST, ["by_email", email, "confirm"]) => {
            identity.confirm_by_hand(app, &decoded(email)).await?;
            super::no_content()
        }
        (&Method::DELETE, ["by_email", email]) => {
            identity.delete_registration(app, &decoded(email)).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

/// The app's own API keys.
pub(super) async fn api_keys(request: &Request<'_>, method: &Method, path: &[&str]) -> Result<Reply, ApiError> {
    let deployment = request.deployment()?;
    let (identity, app) = (request.exchange.identity(), deployment.app());
    match (method, path) {
        (&Method::GET, []) => Reply::json(StatusCode::OK, &identity.server_keys(app).await?),
        (&Method::POST, []) => {
            let members = request.members()?;
            let made = identity.create_server_key(app, body::text(&members, "name")?).await?;
            let key = json!({"_id": made.id, "key": made.key, "name": made.name, "disabled": false});
            Reply::json(StatusCode::CREATED, &key)
        }
        (&Method::GET, [key]) => Reply::json(StatusCode::OK, &identity.server_key(app, key).await?),
        (&Method::PUT, [key, "enable"]) => {
            identity.set_server_key_disabled(app, key, false).await?;
            super::no_content()
        }
        (&Method::PUT, [key, "disable"]) => {
            identity.set_server_key_disabled(app, key, true).await?;
            super::no_content()
        }
        (&Method::DELETE, [key]) => {
            identity.delete_server_key(app, key).await?;
            super::no_content()
        }
        _ => Err(routes::nothing(request.exchange)),
    }
}

fn wanted(request: &Request<'_>) -> Result<UserQuery, ApiError> {
    let exchange = request.exchange;
    let disabled = match query::parameter(exchange, "status").as_deref() {
        None => None,
        Some("disabled") => Some(true),
        Some("confirmed" | "enabled") => Some(false),
        Some(other) => {
            let message = format!("'status' is confirmed or disabled, not {other:?}; others have pending_users");
            return Err(ApiError::invalid_parameter(message));
        }
    };
    Ok(UserQuery {
        after: query::parameter(exchange, "after"),
        limit: query::number(exchange, "limit")?.unwrap_or(limits::USER_PAGE),
        descending: query::flag(exchange, "desc"),
        disabled,
        providers: query::parameters(exchange, "provider_types"),
    })
}
